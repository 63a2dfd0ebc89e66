import type { ScriptClass, ScriptFunction } from "./script-types.ts";

const time = { name: "time", type: "string", text: "ISO time." };

/** What a script has besides the libraries of Lua. */
export const scriptGlobals = {
  on_event: {
    summary:
      "Calls the function for each event of this type, of a subject as `issue.*`, or of all with `*`. Only at the top level of a script.",
    parameters: [
      { name: "name", type: "EventName", text: "Which events." },
      { name: "fn", type: "fun(ctx: Context)", text: "The handler." },
    ],
    example: 'on_event("issue.created", function(ctx)\n  ctx.issue:add_comment("Thank you, we will look at it.")\nend)',
  },
  on_schedule: {
    summary: "Calls the function by the clock: `minute hour day month weekday`, with seconds before that if you like.",
    parameters: [
      { name: "cron", type: "string", text: 'As "0 9 * * 1": Mondays at nine.' },
      { name: "options", type: "ScheduleOptions", text: "In front of the function, or left out.", optional: true },
      { name: "fn", type: "fun(ctx: Context)", text: "The handler; a time zone may follow it." },
    ],
    example: 'on_schedule("0 9 * * 1-5", { time_zone = "Europe/Berlin" }, function(ctx)\n  log(ctx.tick)\nend)',
  },
  notify: {
    summary: "Notifies someone who may see the project. False when they do not want to hear of scripts.",
    parameters: [
      { name: "user", type: "User|string", text: "User, display name or id." },
      { name: "text", type: "string", text: "1 to 500 characters." },
      { name: "about", type: "Issue|Project", text: "The issue at hand unless given.", optional: true },
    ],
    returns: "boolean",
    sends: ["notification.send", "project.listMembers"],
    example: 'notify(issue.reporter, issue.key .. " is done")',
  },
  log: {
    summary: "Writes a line to the log of the run; tables are shown with what is in them. `print` does the same.",
    parameters: [{ name: "...", type: "any", text: "Anything." }],
    example: 'log("moved", issue, issue.tags)',
  },
  now: {
    summary: "The time of the run, which stands still in it.",
    parameters: [{ name: "form", type: '"unix"', text: "For seconds since 1970.", optional: true }],
    returns: "string",
    example: 'log(now(), now("unix"))',
  },
  age: {
    summary: "How many seconds ago that was.",
    parameters: [time],
    returns: "number",
    example: 'if age(issue.updated_at) > 7 * 86400 then log("stale") end',
  },
  unix: {
    summary: "A time as seconds since 1970.",
    parameters: [time],
    returns: "number",
    example: 'log(unix("2026-03-02T08:00:00Z"))',
  },
  iso: {
    summary: "Seconds since 1970 as an ISO time.",
    parameters: [{ name: "seconds", type: "number", text: "Since 1970." }],
    returns: "string",
    example: 'log(iso(now("unix") + 86400))',
  },
} as const satisfies Record<string, ScriptFunction>;

export const scriptJson = {
  "json.encode": {
    summary: "A value as JSON; objects as tables of their fields. An empty table is `{}`, unless from `json.array`.",
    parameters: [{ name: "value", type: "any", text: "Without functions and loops." }],
    returns: "string",
    example: "log(json.encode{ number = issue.number, tags = issue.tags })",
  },
  "json.decode": {
    summary: "The value of JSON; null is nil in objects and `json.null` in lists.",
    parameters: [{ name: "text", type: "string", text: "JSON." }],
    returns: "any",
    example: "local limits = json.decode('{\"open\": 5}')",
  },
  "json.array": {
    summary: "Marks a table as a list, so that it is `[]` when it is empty.",
    parameters: [{ name: "list", type: "table", text: "A new one unless given.", optional: true }],
    returns: "table",
    example: "log(json.encode(json.array()))",
  },
} as const satisfies Record<string, ScriptFunction>;

export const contextClass: ScriptClass = {
  title: "Context",
  summary: "What a handler is called with.",
  more: {
    event: { type: "Event?", text: "What happened; nil by the clock." },
    issue: { type: "Issue?", text: "The issue that the event is about, as it is now." },
    comment: { type: "Comment?", text: "Of events about a comment." },
    project: { type: "Project", text: "nil by the clock in a script of an organization: see `ctx.org:projects()`." },
    sprint: { type: "Sprint?", text: "The sprint that the event is about, else the active one." },
    user: { type: "User?", text: "Who made the event happen; nil by the clock, or when it was the server." },
    org: { type: "Org", text: "The organization." },
    script: { type: "{ id: string, name: string }", text: "This script." },
    run: { type: "{ id: string, depth: integer, dry_run: boolean }", text: "This run." },
    params: { type: "table<string, string|number|boolean>", text: "The same as the global `params`." },
    tick: { type: "string?", text: "When the clock was to call, ISO time." },
    now: { type: "string", text: "The same as `now()`." },
  },
  hint: "use a local variable",
};

export const eventFields = {
  seq: { type: "integer", text: "Its number in the project's history." },
  type: {
    type: "string",
    text: "As `issue.moved`: a move that changes the status is heard as `issue.status_changed` too.",
  },
  at: { type: "string", text: "ISO time." },
  actor: { type: "{ id: string?, kind: string, name: string }", text: "Who did it." },
  cause: { type: "{ seq: integer, run_id: string?, depth: integer }?", text: "Of events that scripts cause." },
  data: { type: "table", text: "All that the event says, as it was then. Its fields are fields of the event too." },
  changes: {
    type: "table<string, { from: any, to: any, from_name: string?, to_name: string? }>",
    text: "By field: `ctx.event.changes.status.from`.",
  },
  old_status: { type: "string?", text: "When the status changed." },
  new_status: { type: "string?", text: "When the status changed." },
};
