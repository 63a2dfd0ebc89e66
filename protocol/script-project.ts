import { Activity } from "./board.ts";
import { UserRef } from "./common.ts";
import { Field } from "./field.ts";
import { TagRef } from "./issue-fields.ts";
import { Lane } from "./lane.ts";
import { Project } from "./project.ts";
import type { ScriptClass } from "./script-types.ts";
import { Sprint } from "./sprint.ts";
import { Stage } from "./stage.ts";

const nothingToSet = "it cannot be changed";

export const projectClass: ScriptClass = {
  title: "Project",
  summary: "A project: where issues, sprints and the rest are found and made.",
  schema: Project,
  key: "ref",
  load: "project.get",
  hint: nothingToSet,
  methods: {
    issues: {
      summary:
        "Issues that match, the newest first. The list reads further pages when they are needed; issues that change meanwhile come neither twice nor not at all.",
      parameters: [{ name: "filter", type: "IssueFilter", text: "Only these.", shape: "IssueFilter", optional: true }],
      returns: "List<Issue>",
      sends: ["issue.list"],
      example: 'for issue in ctx.project:issues{ status = "open", tag = "bug" } do log(issue.key, issue.title) end',
    },
    issue: {
      summary: "The issue of this number. It is read when a field of it is asked for.",
      parameters: [{ name: "number", type: "integer", text: "As in WEB-12." }],
      returns: "Issue",
      sends: ["issue.get"],
      example: "log(ctx.project:issue(12).title)",
    },
    create_issue: {
      summary: "Makes an issue, at the bottom of its stage.",
      parameters: [{ name: "issue", type: "NewIssue", text: "What it is to be.", shape: "NewIssue" }],
      returns: "Issue",
      sends: ["issue.create", "issue.setField"],
      example: 'ctx.project:create_issue{ title = "Renew the certificate", tags = { "ops" }, sprint = "active" }',
    },
    backlog: {
      summary: "Issues in no sprint that are not done, in board order, without epics.",
      returns: "List<Issue>",
      command: "backlog.list",
      gives: { list: "issue" },
      example: "log(#ctx.project:backlog())",
    },
    sprints: {
      summary: "Its sprints, the first to start first.",
      parameters: [
        { name: "filter", type: "SprintFilter", text: "Only these.", shape: "SprintFilter", optional: true },
      ],
      returns: "List<Sprint>",
      sends: ["sprint.list"],
      example: 'local upcoming = ctx.project:sprints{ state = "planned" }[1]',
    },
    sprint: {
      summary: "The sprint of this name or id; of several with one name the last to start.",
      parameters: [{ name: "name", type: "string", text: "Name or id." }],
      returns: "Sprint",
      sends: ["sprint.list"],
      example: 'log(ctx.project:sprint("Sprint 7").goal)',
    },
    active_sprint: {
      summary: "The active sprint, or nil; of several the first to start.",
      returns: "Sprint?",
      sends: ["sprint.list"],
      example: "local sprint = ctx.project:active_sprint()",
    },
    next_sprint: {
      summary: "The planned sprint that is the first to start, or nil.",
      returns: "Sprint?",
      sends: ["sprint.list"],
      example: "local sprint = ctx.project:next_sprint()",
    },
    create_sprint: {
      summary: "Plans a sprint.",
      parameters: [{ name: "sprint", type: "NewSprint", text: "What it is to be.", shape: "NewSprint" }],
      returns: "Sprint",
      command: "sprint.create",
      gives: { one: "sprint" },
      example:
        'ctx.project:create_sprint{ name = "Sprint 8", starts_at = now(), ends_at = iso(now("unix") + 14 * 86400) }',
    },
    members: {
      summary: "Everyone with a role in it, with `role`.",
      returns: "List<User>",
      sends: ["project.listMembers"],
      example: 'for user in ctx.project:members() do if user.role == "developer" then log(user.name) end end',
    },
    member: {
      summary: "The member of this display name or id.",
      parameters: [{ name: "name", type: "string", text: "Display name or id." }],
      returns: "User",
      sends: ["project.listMembers"],
      example: 'issue:assign(ctx.project:member("Bob Miller"))',
    },
    stages: {
      summary: "Its stages, left to right.",
      returns: "List<Stage>",
      sends: ["stage.list"],
      example: "for stage in ctx.project:stages() do log(stage.name, stage.wip_limit) end",
    },
    stage: {
      summary: "The stage of this name or id.",
      parameters: [{ name: "name", type: "string", text: "Name or id." }],
      returns: "Stage",
      sends: ["stage.list"],
      example: 'local done = ctx.project:stage("Done")',
    },
    lanes: {
      summary: "Its swim lanes, top to bottom.",
      returns: "List<Lane>",
      sends: ["lane.list"],
      example: "log(#ctx.project:lanes())",
    },
    tags: {
      summary: "Its tags, by name.",
      returns: "List<Tag>",
      sends: ["tag.list"],
      example: "for tag in ctx.project:tags() do log(tag.name) end",
    },
    create_tag: {
      summary: "Makes a tag; its name is unique in the project.",
      parameters: [
        { name: "name", type: "string", text: "1 to 100 characters." },
        { name: "color", type: "string", text: "As #1f6feb.", optional: true },
      ],
      returns: "Tag",
      command: "tag.create",
      gives: { one: "tag" },
      example: 'ctx.project:create_tag("stale", "#9ca3af")',
    },
    fields: {
      summary: "Its custom fields, by name.",
      returns: "List<Field>",
      sends: ["field.list"],
      example: "for field in ctx.project:fields() do log(field.name, field.kind) end",
    },
    activity: {
      summary: "Who changed what in it, newest first.",
      parameters: [{ name: "type", type: "string", text: "Only events of this type.", optional: true }],
      returns: "List<Activity>",
      command: "activity.list",
      gives: { list: "activity" },
      example: 'log(ctx.project:activity("issue.created")[1].at)',
    },
    time_report: {
      summary: "Seconds worked from one moment until before another.",
      parameters: [
        { name: "from", type: "string|number", text: "ISO time or seconds.", takes: "time" },
        { name: "to", type: "string|number", text: "ISO time or seconds.", takes: "time" },
        { name: "group_by", type: '"user"|"issue"', text: "What to add up." },
      ],
      returns: "table",
      command: "time.report",
      gives: "plain",
      example: 'log(ctx.project:time_report(iso(now("unix") - 7 * 86400), now(), "user").total_seconds)',
    },
  },
};

export const sprintClass: ScriptClass = {
  title: "Sprint",
  summary: "A sprint of a project.",
  schema: Sprint,
  key: "id",
  fills: "sprintId",
  load: "sprint.get",
  hint: "use sprint:update{ ... }",
  methods: {
    issues: {
      summary:
        "Its issues that match. In a handler of `sprint.completed`, those too that were unfinished, as long as they are where its completion put them.",
      parameters: [{ name: "filter", type: "IssueFilter", text: "Only these.", shape: "IssueFilter", optional: true }],
      returns: "List<Issue>",
      sends: ["issue.list", "activity.list"],
      example: 'if ctx.sprint then log(#ctx.sprint:issues{ status = "open" }) end',
    },
    update: {
      summary: "Changes name, goal or dates.",
      parameters: [
        { name: "changes", type: "SprintUpdate", text: "What is to change.", shape: "SprintUpdate", into: "patch" },
      ],
      returns: "Sprint",
      command: "sprint.update",
      gives: "self",
      example: 'ctx.sprint:update{ goal = "Pay with a saved card" }',
    },
    start: {
      summary: "Starts a planned sprint.",
      returns: "Sprint",
      command: "sprint.start",
      gives: "self",
      example: "ctx.project:next_sprint():start()",
    },
    complete: {
      summary: "Closes an active sprint.",
      parameters: [
        {
          name: "options",
          type: "SprintCompletion",
          text: "What becomes of unfinished issues.",
          shape: "SprintCompletion",
          optional: true,
        },
      ],
      returns: "Sprint",
      command: "sprint.complete",
      gives: "self",
      example: "ctx.sprint:complete{ unfinished = ctx.project:next_sprint() }",
    },
    report: {
      summary: "Burndown, scope changes, velocity and cumulative flow.",
      returns: "table",
      command: "sprint.report",
      gives: "plain",
      example: "log(ctx.sprint:report().completed.issues)",
    },
  },
};

export const userClass: ScriptClass = {
  title: "User",
  summary: "A person, bot or script.",
  schema: UserRef,
  more: {
    name: { type: "string", text: "The same as `display_name`." },
    role: { type: '"viewer"|"reporter"|"developer"|"admin"|nil', text: "Only of `project:members()`." },
  },
  key: "id",
  hint: nothingToSet,
};

export const smallClasses = {
  tag: { title: "Tag", summary: "A tag of a project.", schema: TagRef, key: "id", hint: nothingToSet },
  stage: { title: "Stage", summary: "A column of the board.", schema: Stage, key: "id", hint: nothingToSet },
  lane: { title: "Lane", summary: "A swim lane of the board.", schema: Lane, key: "id", hint: nothingToSet },
  field: { title: "Field", summary: "A custom field.", schema: Field, key: "id", hint: nothingToSet },
  activity: { title: "Activity", summary: "Something that happened.", schema: Activity, hint: nothingToSet },
} satisfies Record<string, ScriptClass>;

export const orgClass: ScriptClass = {
  title: "Org",
  summary: "The organization.",
  more: {
    id: { type: "string", text: "" },
    slug: { type: "string", text: "" },
    name: { type: "string", text: "" },
  },
  key: "slug",
  fills: "org",
  hint: nothingToSet,
  methods: {
    projects: {
      summary: "Its projects, for scripts of a whole organization.",
      returns: "List<Project>",
      command: "project.list",
      gives: { list: "project" },
      example: "for project in ctx.org:projects() do log(project.name) end",
    },
  },
};
