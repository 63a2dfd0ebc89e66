/** A small project in memory that answers the calls of scripts, each checked against the protocol. */
import {
  type CommandName,
  type Comment,
  commands,
  type Issue,
  isCommandName,
  type Sprint,
  type UserRef,
} from "../../protocol/index.ts";
import { callableCommands } from "../../protocol/script-api.ts";
import { camelKeys, snakeKeys } from "../../src/plugins/keys.ts";
import type { Job } from "../../src/plugins/sandbox/job.ts";

export const NOW = "2026-03-02T08:00:00.000Z";
export const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const userOf = (number: number, displayName: string): UserRef => ({
  id: idOf(number),
  displayName,
  avatarUrl: null,
  kind: "user",
});
export const [ann, bob, otherBob] = [userOf(1, "Ann"), userOf(2, "Bob Miller"), userOf(3, "Bob Miller")];
const script: UserRef = { ...userOf(9, "Script"), kind: "script" };

export const stages = [
  { id: idOf(11), name: "Todo", status: "open" },
  { id: idOf(12), name: "In Progress", status: "in_progress" },
  { id: idOf(13), name: "Done", status: "resolved" },
] as const;
const fields = [{ id: idOf(41), name: "Customer", kind: "text", options: [] }];
const lane = { id: idOf(31), name: "Expedite", color: null, position: 0 };

export const sprintOf = (number: number, name: string, state: Sprint["state"], startsAt: string): Sprint => ({
  id: idOf(number),
  name,
  goal: "",
  state,
  startsAt,
  endsAt: "2026-12-31T00:00:00.000Z",
  startedAt: null,
  endedAt: null,
  completedAt: null,
});

export const issueOf = (number: number, more: Partial<Issue> = {}): Issue => ({
  id: idOf(1000 + number),
  project: "acme/web",
  number,
  key: `WEB-${number}`,
  title: `Issue ${number}`,
  description: `About ${number}`,
  status: "open",
  priority: "normal",
  type: "task",
  kind: "task",
  stageId: idOf(11),
  laneId: null,
  rank: "a0",
  sprintId: null,
  parent: null,
  reporter: ann,
  assignees: [],
  tags: [],
  estimate: null,
  commentCount: 0,
  timeSpentSeconds: 0,
  fields: {},
  version: 1,
  createdAt: NOW,
  updatedAt: NOW,
  deletedAt: null,
  ...more,
});

type Input = Record<string, unknown> & { issue?: number; patch?: Record<string, unknown> };
type Sent = { op: string; input: Input };

/** Mutable, so that a test can look at what became of it. */
export type Office = {
  issues: Issue[];
  sprints: Sprint[];
  tags: { id: string; name: string; color: string }[];
  comments: Comment[];
  activities: object[];
  sent: Sent[];
  call: Job["call"];
  /** Inputs of the calls of one command. */
  inputsOf(op: CommandName): Input[];
};

class Refusal extends Error {
  readonly code: string;
  readonly details: unknown;
  constructor(code: string, message: string, details?: unknown) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

const toArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const fits = (wanted: unknown, ...values: unknown[]) =>
  wanted === undefined || toArray(wanted).some((value) => values.includes(value));

export function openOffice(start: Partial<Pick<Office, "issues" | "sprints" | "activities">> = {}): Office {
  const { issues = [issueOf(12)], sprints = [sprintOf(21, "Sprint 7", "active", NOW)], activities = [] } = start;
  const tags = ["bug", "urgent", "ops", "checkout"].map((name, i) => ({ id: idOf(51 + i), name, color: "#6b7280" }));
  const comments: Comment[] = [];
  const sent: Sent[] = [];

  const find = (input: Input): Issue => {
    const issue = issues.find(({ number }) => number === input.issue);
    if (!issue) throw new Refusal("not_found", "Issue not found");
    return issue;
  };
  const change = (issue: Issue, fields: Partial<Issue>): Issue =>
    Object.assign(issue, fields, { version: issue.version + 1 });
  const page = <T>(items: readonly T[], { cursor, limit }: Input) => {
    const from = Number(cursor ?? 0);
    const next = from + Number(limit);
    return { items: items.slice(from, next), nextCursor: next < items.length ? String(next) : null };
  };
  const whole = <T>(items: readonly T[]) => ({ items, nextCursor: null });

  /** Newest first and behind the number in the cursor, as the server lists them. */
  function listIssues(input: Input) {
    const found = issues
      .filter(({ number }) => input["cursor"] == null || number < Number(input["cursor"]))
      .filter((issue) => fits(input["status"], issue.status) && fits(input["parent"], issue.parent))
      .filter((issue) => fits(input["sprintId"], issue.sprintId ?? "none") && fits(input["stageId"], issue.stageId))
      .filter((issue) => fits(input["assignee"], ...(issue.assignees.map(({ id }) => id) || ["none"])))
      .filter((issue) => input["updatedBefore"] === undefined || issue.updatedAt < String(input["updatedBefore"]))
      .sort((a, b) => b.number - a.number);
    const items = found.slice(0, Number(input["limit"]));
    const cards = items.map(({ description: _, ...card }) => card);
    return { items: cards, nextCursor: found.length > items.length ? String(items.at(-1)?.number) : null };
  }

  const comment = (input: Input, body: unknown): Comment => {
    const made = {
      id: idOf(700 + comments.length),
      issue: Number(input.issue),
      author: script,
      body: String(body),
      createdAt: NOW,
      editedAt: null,
    };
    comments.push(made);
    find(input).commentCount += 1;
    return made;
  };
  const tagsOf = (ids: unknown) => tags.filter(({ id }) => (ids as string[]).includes(id));
  const sprintAt = (input: Input) => sprints.find(({ id }) => id === input["sprintId"]);
  const moved = (input: Input) => {
    const stage = stages.find(({ id }) => id === input["stageId"]) ?? stages[0];
    return change(find(input), { stageId: stage.id, status: stage.status });
  };
  const entryOf = (input: Input) => ({
    id: idOf(801),
    issue: input.issue,
    user: script,
    seconds: input["seconds"],
    description: input["description"],
    loggedAt: NOW,
    createdAt: NOW,
  });
  const relation = {
    id: idOf(802),
    type: "blocks",
    target: { number: 7, key: "WEB-7", title: "Other", status: "open", deletedAt: null },
  };

  const answers: Partial<Record<CommandName, (input: Input) => unknown>> = {
    "issue.get": find,
    "issue.list": listIssues,
    "backlog.list": (input) => page(issues, input),
    "issue.create": (input) => {
      const made = issueOf(100 + issues.length, { title: String(input["title"]), tags: tagsOf(input["tagIds"] ?? []) });
      issues.push(made);
      return made;
    },
    "issue.update": (input) => {
      const issue = find(input);
      if (input["expect"] !== undefined && input["expect"] !== issue.version)
        throw new Refusal("conflict", "It changed");
      change(issue, input.patch ?? {});
      if (input["comment"] !== undefined) comment(input, input["comment"]);
      return issue;
    },
    "issue.move": moved,
    "issue.setSprint": (input) => change(find(input), { sprintId: input["sprintId"] as string | null }),
    "issue.setTags": (input) => change(find(input), { tags: tagsOf(input["tagIds"]) }),
    "issue.setAssignees": (input) =>
      change(find(input), { assignees: [ann, bob].filter(({ id }) => (input["userIds"] as string[]).includes(id)) }),
    "issue.setField": (input) => change(find(input), { fields: { [String(input["fieldId"])]: input["value"] } }),
    "issue.bulk": ({ issues: numbers, patch = {} }) => ({
      items: (numbers as number[]).map((number) => {
        const issue = find({ issue: number });
        const [added, removed] = [tagsOf(patch["addTagIds"] ?? []), tagsOf(patch["removeTagIds"] ?? [])];
        const { description: _, ...card } = change(issue, {
          tags: [...issue.tags, ...added].filter((tag) => !removed.includes(tag)),
        });
        return card;
      }),
    }),
    "issue.delete": (input) => {
      change(find(input), { deletedAt: NOW });
      return {};
    },
    "issue.restore": (input) => change(find(input), { deletedAt: null }),
    "comment.add": (input) => comment(input, input["body"]),
    "comment.list": (input) => page(comments, input),
    "comment.edit": (input) => ({ ...comments[0], body: input["body"], editedAt: NOW }),
    "comment.delete": () => ({}),
    "relation.list": () => whole([relation]),
    "relation.add": () => relation,
    "relation.remove": () => ({}),
    "time.log": entryOf,
    "time.list": (input) => ({ ...whole([entryOf({ ...input, seconds: 60, description: "" })]), totalSeconds: 60 }),
    "time.delete": () => ({}),
    "time.report": () => ({ totalSeconds: 60, groups: [] }),
    "activity.list": (input) => page(activities, input),
    "stage.list": () => whole(stages),
    "lane.list": () => whole([lane]),
    "tag.list": (input) => page(tags, input),
    "tag.create": ({ name, color }) => {
      const made = { id: idOf(51 + tags.length), name: String(name), color: String(color) };
      tags.push(made);
      return made;
    },
    "field.list": () => whole(fields),
    "sprint.list": (input) =>
      page(
        [...sprints].sort((a, b) => b.startsAt.localeCompare(a.startsAt)),
        input,
      ),
    "sprint.get": sprintAt,
    "sprint.create": (input) => sprintOf(29, String(input["name"]), "planned", String(input["startsAt"])),
    "sprint.update": (input) => ({ ...sprintAt(input), ...input.patch }),
    "sprint.start": (input) => ({ ...sprintAt(input), state: "active" }),
    "sprint.complete": (input) => ({ ...sprintAt(input), state: "completed" }),
    "sprint.report": () => ({ completed: { issues: 3, estimate: 5 } }),
    "project.listMembers": (input) =>
      page(
        [ann, bob].map((user) => ({ user, role: "developer", explicit: true })),
        input,
      ),
    "project.get": () => ({ ref: "acme/web", name: "Web", key: "WEB", description: "The shop" }),
    "project.list": (input) => page([{ ref: "acme/app", name: "App", key: "APP", description: "" }], input),
    "notification.send": () => ({ told: true }),
  };

  function answer(op: string, args: unknown): unknown {
    if (!isCommandName(op) || !callableCommands.includes(op)) throw new Refusal("not_found", `There is no call ${op}`);
    const place = commands[op].access.startsWith("org:") ? { org: "acme" } : { project: "acme/web" };
    const input = { ...place, ...(camelKeys(args) as object) };
    const parsed = commands[op].input.safeParse(input);
    sent.push({ op, input: input as Input });
    if (!parsed.success) throw new Refusal("invalid", parsed.error.issues.map(({ message }) => message).join());
    const made = answers[op]?.(parsed.data as Input);
    if (made === undefined) throw new Refusal("not_found", `${op} found nothing`);
    return snakeKeys(made);
  }

  return {
    issues,
    sprints,
    tags,
    comments,
    activities,
    sent,
    inputsOf: (op) => sent.filter((call) => call.op === op).map(({ input }) => input),
    async call(op, args) {
      try {
        // What crosses is JSON, so that nothing is shared.
        return { ok: true, value: JSON.parse(JSON.stringify(answer(op, args))) };
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { code, message, details } = error;
        return { ok: false, error: { code, message, ...(details !== undefined && { details }) } };
      }
    },
  };
}
