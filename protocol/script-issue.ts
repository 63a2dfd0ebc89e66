import { Comment } from "./comment.ts";
import { Issue } from "./issue-fields.ts";
import { Relation } from "./relation.ts";
import type { ScriptClass } from "./script-types.ts";
import { TimeEntry } from "./time.ts";

const people = { type: "User|string|(User|string)[]", text: "Users, names or ids." };
const nothingToSet = "it cannot be changed";

export const issueClass: ScriptClass = {
  title: "Issue",
  summary:
    "An issue of a project. Its number is known at once; the rest is read when it is first asked for, and is as the last change of this run left it.",
  schema: Issue,
  key: "number",
  fills: "issue",
  load: "issue.get",
  notListed: ["description"],
  hint: "use issue:update{ ... }",
  methods: {
    update: {
      summary:
        "Changes fields, and adds a comment in the same step. Stage, sprint, tags, assignees and custom fields are commands of their own, sent after it.",
      parameters: [{ name: "changes", type: "IssueUpdate", text: "What is to change.", shape: "IssueUpdate" }],
      returns: "Issue",
      sends: [
        "issue.update",
        "issue.move",
        "issue.setSprint",
        "issue.setTags",
        "issue.setAssignees",
        "issue.setField",
        "comment.add",
      ],
      example: 'issue:update{ priority = "minor", comment = "Nobody has missed it for a week." }',
    },
    move: {
      summary: "Puts it in a stage or another place of its own; a name alone is a stage.",
      parameters: [{ name: "place", type: "IssueMove|string", text: "Where to.", shape: "IssueMove" }],
      returns: "Issue",
      sends: ["issue.move"],
      example: 'issue:move{ stage = "In Progress", top = true }',
    },
    assign: {
      summary: "Assigns people, besides those who are.",
      parameters: [{ name: "users", ...people }],
      returns: "Issue",
      sends: ["issue.setAssignees"],
      example: "issue:assign(issue.reporter)",
    },
    unassign: {
      summary: "Takes people off; all of them when none is named.",
      parameters: [{ name: "users", ...people, optional: true }],
      returns: "Issue",
      sends: ["issue.setAssignees"],
      example: "issue:unassign()",
    },
    tag: {
      summary: "Adds tags that the project has, by name.",
      parameters: [{ name: "...", type: "Tag|string", text: "Names or ids." }],
      returns: "Issue",
      sends: ["issue.bulk"],
      example: 'issue:tag("checkout", "urgent")',
    },
    untag: {
      summary: "Takes tags off.",
      parameters: [{ name: "...", type: "Tag|string", text: "Names or ids." }],
      returns: "Issue",
      sends: ["issue.bulk"],
      example: 'issue:untag("urgent")',
    },
    has_tag: {
      summary: "Whether it has a tag of this name.",
      parameters: [{ name: "name", type: "string", text: "In any capitals." }],
      returns: "boolean",
      example: 'if issue:has_tag("urgent") then log(issue.key) end',
    },
    add_comment: {
      summary: "Comments on it, as the script; `@name` notifies.",
      parameters: [{ name: "body", type: "string", text: "Markdown." }],
      returns: "Comment",
      command: "comment.add",
      gives: { one: "comment" },
      outdates: true,
      example: 'issue:add_comment("Please add the steps that lead there.")',
    },
    comments: {
      summary: "Its comments, oldest first.",
      returns: "List<Comment>",
      command: "comment.list",
      gives: { list: "comment" },
      example: "for comment in issue:comments() do log(comment.author.name, comment.body) end",
    },
    relations: {
      summary: "Its relations, as seen from it.",
      returns: "List<Relation>",
      command: "relation.list",
      gives: { list: "relation" },
      example:
        'for relation in issue:relations() do if relation.type == "blocks" then log(relation.target.key) end end',
    },
    relate: {
      summary: "Relates it to another issue.",
      parameters: [
        {
          name: "kind",
          type: '"blocks"|"is_blocked_by"|"duplicates"|"is_duplicated_by"|"relates_to"|"clones"|"is_cloned_by"',
          text: "Of this issue, to the other.",
          fills: "type",
        },
        { name: "other", type: "Issue|integer", text: "Issue or number.", fills: "target", takes: "issue" },
      ],
      returns: "Relation",
      command: "relation.add",
      gives: { one: "relation" },
      example: 'issue:relate("is_blocked_by", 7)',
    },
    children: {
      summary: "The issues that stand under it.",
      parameters: [{ name: "filter", type: "IssueFilter", text: "Only these.", shape: "IssueFilter", optional: true }],
      returns: "List<Issue>",
      sends: ["issue.list"],
      example:
        'if #issue:children{ status = { "open", "in_progress" } } == 0 then issue:update{ status = "resolved" } end',
    },
    log_time: {
      summary: "Logs time worked on it, as the script.",
      parameters: [
        { name: "seconds", type: "integer", text: "How long." },
        { name: "text", type: "string", text: "At what.", fills: "description", optional: true },
      ],
      returns: "TimeEntry",
      command: "time.log",
      gives: { one: "time_entry" },
      outdates: true,
      example: 'issue:log_time(900, "Weekly check")',
    },
    time_entries: {
      summary: "The time logged on it, latest work first.",
      returns: "List<TimeEntry>",
      command: "time.list",
      gives: { list: "time_entry" },
      example: "for entry in issue:time_entries() do log(entry.user.name, entry.seconds) end",
    },
    field: {
      summary: "The value of a custom field, or nil.",
      parameters: [{ name: "name", type: "string", text: "Name or id of the field." }],
      returns: "string|number|nil",
      sends: ["field.list"],
      example: 'log(issue:field("Customer"))',
    },
    set_field: {
      summary: 'Sets a custom field; "none" empties it.',
      parameters: [
        { name: "name", type: "string", text: "Name or id of the field.", fills: "fieldId", takes: "field" },
        { name: "value", type: "string|number", text: "Its new value.", words: { none: null } },
      ],
      returns: "Issue",
      command: "issue.setField",
      gives: "self",
      example: 'issue:set_field("Customer", "Shop")',
    },
    activity: {
      summary: "Who changed what of it, newest first.",
      returns: "List<Activity>",
      command: "activity.list",
      gives: { list: "activity" },
      example: "log(issue:activity()[1].type)",
    },
    delete: {
      summary: "Takes it off the board; it can be restored.",
      command: "issue.delete",
      outdates: true,
      example: "issue:delete()",
    },
    restore: {
      summary: "Brings it back, at the bottom of its stage.",
      returns: "Issue",
      command: "issue.restore",
      gives: "self",
      example: "issue:restore()",
    },
    refresh: {
      summary: "Reads it anew.",
      returns: "Issue",
      command: "issue.get",
      gives: "self",
      example: "issue:refresh()",
    },
  },
};

export const commentClass: ScriptClass = {
  title: "Comment",
  summary: "A comment on an issue.",
  schema: Comment,
  key: "id",
  fills: "commentId",
  hint: "use comment:edit(body)",
  methods: {
    edit: {
      summary: "Changes a comment of the script itself.",
      parameters: [{ name: "body", type: "string", text: "The new text." }],
      returns: "Comment",
      command: "comment.edit",
      gives: "self",
      example: 'local note = issue:add_comment("1 of 2 is done")\nnote:edit("2 of 2 are done")',
    },
    delete: {
      summary: "Deletes it: the script's own, or with the rights of a project admin anyone's.",
      command: "comment.delete",
      example: 'issue:add_comment("Never mind"):delete()',
    },
  },
};

export const relationClass: ScriptClass = {
  title: "Relation",
  summary: "How an issue is related to another one, `target`.",
  schema: Relation,
  key: "id",
  fills: "relationId",
  hint: nothingToSet,
  methods: {
    remove: {
      summary: "Takes the relation away.",
      command: "relation.remove",
      example: "for relation in issue:relations() do relation:remove() end",
    },
  },
};

export const timeEntryClass: ScriptClass = {
  title: "TimeEntry",
  summary: "Time that someone worked on an issue.",
  schema: TimeEntry,
  key: "id",
  fills: "entryId",
  hint: nothingToSet,
  methods: {
    delete: {
      summary: "Deletes it: the script's own, or with the rights of a project admin anyone's.",
      command: "time.delete",
      example: "issue:log_time(60):delete()",
    },
  },
};
