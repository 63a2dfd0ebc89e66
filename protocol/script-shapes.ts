import type { Argument, Shape } from "./script-types.ts";

const status = '"open"|"in_progress"|"resolved"|"closed"';
const priority = '"critical"|"major"|"normal"|"minor"';
const type = '"bug"|"feature"|"task"|"improvement"';
const kind = '"epic"|"story"|"task"|"subtask"';
const user = "User|string";
const sprint = "Sprint|string";
const noneAsNull = { none: null };
const noneAsWord = { none: "none" };

const several = (values: string, text: string): Argument => ({ type: `${values}|(${values})[]`, text, many: true });

const words = {
  title: { type: "string", text: "1 to 200 characters." },
  description: { type: "string", text: "Markdown." },
  type: { type, text: "What it is about." },
  kind: { type: kind, text: "Its level." },
  priority: { type: priority, text: "How urgent it is." },
} satisfies Record<string, Argument>;

const stage: Argument = { type: "Stage|string", text: "Name or id.", takes: "stage", fills: "stageId" };
const lane: Argument = {
  type: 'Lane|string|"none"',
  text: "Name or id.",
  takes: "lane",
  fills: "laneId",
  words: noneAsNull,
};
const parent: Argument = {
  type: 'Issue|integer|"none"',
  text: "The issue that it stands under.",
  takes: "issue",
  words: noneAsNull,
};
const inSprint: Argument = {
  type: `${sprint}|"active"|"none"`,
  text: "Sprint, name or id; none: the backlog.",
  takes: "sprint",
  fills: "sprintId",
  words: noneAsNull,
};
const tags: Argument = {
  type: "(Tag|string)[]",
  text: "Names or ids; these and no others.",
  takes: "tag",
  fills: "tagIds",
  many: "list",
};
const assignees: Argument = {
  type: `(${user})[]`,
  text: "These and no others.",
  takes: "user",
  fills: "assigneeIds",
  many: "list",
};
const estimate: Argument = { type: 'number|"none"', text: "In the unit of the team.", words: noneAsNull };
const fields: Argument = { type: "table<string, string|number>", text: "Custom fields by name.", takes: "fields" };

const sprintFields = {
  name: { type: "string", text: "1 to 100 characters." },
  starts_at: { type: "string|number", text: "ISO time or seconds since 1970.", takes: "time" },
  ends_at: { type: "string|number", text: "ISO time or seconds since 1970.", takes: "time" },
  goal: { type: "string", text: "What it is for." },
} satisfies Record<string, Argument>;

/** Tables that functions take, by the name of their class in the stub. */
export const scriptShapes = {
  IssueFilter: {
    summary: "Which issues: all of it must hold. One value or a list, of which any is enough.",
    fields: {
      status: several(status, "Where it stands."),
      type: several(type, "What it is about."),
      kind: several(kind, "Its level."),
      priority: several(priority, "How urgent it is."),
      assignee: { ...several(`${user}|"none"`, "Who has it."), takes: "user", words: noneAsWord },
      reporter: { ...several(user, "Who reported it."), takes: "user" },
      tag: { ...several("Tag|string", "Names."), takes: "tagName" },
      stage: { ...several("Stage|string", "Names or ids."), takes: "stage", fills: "stageId" },
      sprint: {
        ...several(`${sprint}|"active"|"none"`, "Sprints, names or ids; none: the backlog."),
        takes: "sprint",
        fills: "sprintId",
        words: noneAsWord,
      },
      lane: { ...several('Lane|string|"none"', "Names or ids."), takes: "lane", fills: "laneId", words: noneAsWord },
      parent: { ...several("Issue|integer", "What they stand under."), takes: "issue" },
      fields: { ...fields, fills: "field" },
      q: { type: "string", text: "Words, or the query language of docs/query.md." },
      updated_before: {
        type: "string",
        text: 'Not changed since then: ISO time, or an age as "7d", "12h", "30m", "2w".',
        takes: "moment",
      },
      sort: {
        type: '"created"|"updated"|"priority"|"rank"|"relevance"',
        text: "created unless given: the newest first.",
      },
      limit: { type: "integer", text: "At most so many." },
    },
  },
  NewIssue: {
    summary: "What an issue is to be.",
    required: ["title"],
    fields: { ...words, stage, lane, parent, sprint: inSprint, tags, assignees, estimate, fields },
  },
  IssueUpdate: {
    summary: "What is to change; the rest stays.",
    fields: {
      ...words,
      status: { type: status, text: "It goes to the first stage of that status." },
      estimate,
      parent,
      lane,
      stage,
      sprint: inSprint,
      tags,
      assignees,
      fields,
      comment: { type: "string", text: "Added in the same step as the change." },
      expect: { type: "integer", text: "The `version` that you saw; raises `conflict` when it is another by now." },
    },
  },
  IssueMove: {
    summary: "Where to; at the bottom unless said.",
    fields: {
      stage: { ...stage, text: "Name or id; its own unless given." },
      lane,
      after: { type: "Issue|integer", text: "Right below this one.", takes: "issue" },
      before: { type: "Issue|integer", text: "Right above this one.", takes: "issue" },
      top: { type: "boolean", text: "true: above all others." },
    },
  },
  NewSprint: {
    summary: "What a sprint is to be.",
    required: ["name", "starts_at", "ends_at"],
    fields: sprintFields,
  },
  SprintUpdate: { summary: "What is to change; the rest stays.", fields: sprintFields },
  SprintFilter: {
    summary: "Which sprints.",
    fields: { state: { type: '"planned"|"active"|"completed"', text: "Also called `status`." } },
  },
  SprintCompletion: {
    summary: "What becomes of unfinished issues.",
    fields: {
      unfinished: {
        type: `${sprint}|"backlog"`,
        text: "Where they go; the backlog unless given.",
        takes: "sprint",
        words: { backlog: "backlog", none: "backlog" },
      },
    },
  },
  ScheduleOptions: {
    summary: "How a schedule is meant.",
    fields: { time_zone: { type: "string", text: 'As "Europe/Berlin"; UTC unless given.' } },
  },
} as const satisfies Record<string, Shape>;
