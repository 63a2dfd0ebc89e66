/** The plot: who sends what, scene by scene. Ids are given as names: of stages, tags, lanes, sprints, people, or `as`. */
import type { CommandName, ErrorCode } from "../../protocol/index.ts";

export type Name = "ada" | "grace" | "linus" | "robo";
export type Line = {
  by: Name;
  send: CommandName;
  input: Record<string, unknown>;
  /** What its answer's id is called in later lines; its `name` unless given. */
  as?: string;
  /** What the answer must have. */
  gives?: Record<string, unknown>;
  refused?: ErrorCode;
};
/** Leaves before the scene is over. */
export type Exit = { goes: Name };
export type Scene = { at: string; lines: (Line | Exit)[] };

export const project = "acme/web";

const say = (by: Name, send: CommandName, input: Line["input"] = {}, more: Partial<Line> = {}): Line => ({
  by,
  send,
  input,
  ...more,
});
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Every third issue is linus's (3, 6, 9...), the one after ada's (1, 4...), then grace's (2, 5...); every tenth a bug. */
function reports(from: number, to: number): Line[] {
  const reporters = ["linus", "ada", "grace"] as const;
  const lanes = { linus: {}, ada: { laneId: "Shop" }, grace: { laneId: "Pay" } };
  return numbers(from, to).map((number) => {
    const by = reporters[number % 3] ?? "ada";
    const title = number % 10 === 0 ? `A bug, number ${number}` : `Task ${number}`;
    return say(by, "issue.create", { title, ...lanes[by] }, { gives: { number } });
  });
}

const move = (by: Name, issue: number, stageId: string, place: object = {}): Line =>
  say(by, "issue.move", { issue, stageId, ...place });
const comment = (by: Name, issue: number, body: string, more: Partial<Line> = {}): Line =>
  say(by, "comment.add", { issue, body }, more);
const log = (by: Name, issue: number, seconds: number, more: Partial<Line> = {}): Line =>
  say(by, "time.log", { issue, seconds }, more);
const relate = (issue: number, type: string, target: number, more: Partial<Line> = {}): Line =>
  say("grace", "relation.add", { issue, type, target }, more);
const estimate = (by: Name, issues: number[], points: number): Line =>
  say(by, "issue.bulk", { issues, patch: { estimate: points } });
const plan = (issues: number[], sprintId: string | null): Line =>
  say("ada", "issue.bulk", { issues, patch: { sprintId } });

/** Before anyone has a board. */
export const opening: Line[] = [
  say("ada", "org.create", { name: "Acme", slug: "acme" }),
  ...(["grace", "linus", "robo"] as const).map((userId) =>
    say("ada", "member.add", { org: "acme", userId, role: "member" }),
  ),
  say("ada", "project.create", { org: "acme", name: "Web", slug: "web", key: "WEB" }),
];

const founding: Line[] = [
  say("ada", "project.addMember", { userId: "grace", role: "developer" }),
  say("ada", "project.addMember", { userId: "linus", role: "reporter" }),
  say("ada", "project.addMember", { userId: "robo", role: "developer" }),
  say("ada", "stage.create", { name: "Review", status: "in_progress" }),
  say("ada", "stage.reorder", { stageIds: ["Todo", "In Progress", "Review", "Done"] }),
  say("ada", "stage.update", { stageId: "In Progress", patch: { wipLimit: 5, wipMode: "block" } }),
  say("ada", "lane.create", { name: "Shop" }),
  say("ada", "lane.create", { name: "Pay" }),
  say("grace", "tag.create", { name: "bug", color: "#d73a4a" }),
  say("grace", "tag.create", { name: "ui", color: "#1f6feb" }),
  // Only linus wants to hear of all that changes.
  ...(["ada", "grace", "robo"] as const).map((by) => say(by, "notification.setPrefs", { prefs: { watched: false } })),
];

const monday: Line[] = [
  ...founding,
  ...reports(1, 120),
  ...[2, 5, 8].map((issue) => say("grace", "issue.setTags", { issue, tagIds: ["ui"] })),
  relate(12, "is_blocked_by", 11),
  relate(11, "is_blocked_by", 12, { refused: "conflict" }),
  relate(30, "duplicates", 60),
  relate(21, "relates_to", 22, { as: "akin" }),
  say("ada", "sprint.create", {
    name: "Sprint 1",
    startsAt: "2026-03-02T08:00:00Z",
    endsAt: "2026-03-06T17:00:00Z",
  }),
  say("ada", "sprint.create", {
    name: "Sprint 2",
    startsAt: "2026-03-09T08:00:00Z",
    endsAt: "2026-03-13T17:00:00Z",
  }),
  estimate("ada", numbers(1, 10), 1),
  estimate("ada", numbers(11, 16), 2),
  estimate("ada", numbers(17, 20), 5),
  plan(numbers(1, 20), "Sprint 1"),
  say("ada", "issue.setAssignees", { issue: 17, userIds: ["grace"] }),
  say("grace", "sprint.start", { sprintId: "Sprint 1" }, { refused: "forbidden" }),
  say("ada", "sprint.start", { sprintId: "Sprint 1" }),
  ...numbers(1, 5).map((issue) => move("grace", issue, "In Progress")),
  say("grace", "issue.move", { issue: 6, stageId: "In Progress" }, { refused: "wip_exceeded" }),
  say("linus", "issue.move", { issue: 6, stageId: "Done" }, { refused: "forbidden" }),
  move("grace", 1, "Done"),
  move("grace", 2, "Done"),
  comment("grace", 3, "@linus can you reproduce this?"),
  log("grace", 1, 3600),
  log("grace", 2, 1800),
];

const tuesday: (Line | Exit)[] = [
  ...reports(121, 140),
  move("grace", 3, "Review"),
  move("grace", 4, "Done"),
  move("grace", 6, "In Progress"),
  move("grace", 7, "In Progress"),
  move("ada", 100, "Todo", { after: null }),
  move("ada", 50, "Todo", { after: 100 }),
  { goes: "robo" },
  ...reports(141, 150),
  comment("linus", 3, "Yes, @grace and @ada: see the log", { as: "answer" }),
  say("linus", "comment.edit", { commentId: "answer", body: "Yes, @grace and @ada: see the log of Monday" }),
  { goes: "linus" },
  estimate("ada", [21, 22], 3),
  plan([21, 22], "Sprint 1"),
  log("grace", 5, 5400),
  log("ada", 17, 600, { as: "slip" }),
  say("grace", "time.delete", { entryId: "slip" }, { refused: "forbidden" }),
  say("ada", "time.delete", { entryId: "slip" }),
];

const wednesday: Line[] = [
  say("ada", "project.setRole", { userId: "linus", role: "developer" }),
  ...reports(151, 170),
  plan([20], null),
  estimate("grace", [17], 8),
  move("linus", 3, "Done"),
  move("linus", 6, "Done"),
  move("grace", 5, "Done"),
  move("ada", 17, "In Progress"),
  say("ada", "issue.setAssignees", { issue: 8, userIds: ["linus"] }),
  say("ada", "issue.setAssignees", { issue: 9, userIds: ["linus"] }),
  log("linus", 3, 7200),
];

const thursday: Line[] = [
  ...reports(171, 190),
  move("linus", 4, "Todo", { after: 50 }),
  say("grace", "issue.update", { issue: 2, patch: { status: "in_progress" } }),
  move("linus", 8, "In Progress"),
  move("linus", 9, "In Progress"),
  move("grace", 7, "Done"),
  move("grace", 17, "Done"),
  comment("ada", 17, "@grace this was a big one"),
  say("ada", "issue.delete", { issue: 60 }),
  say("ada", "issue.delete", { issue: 61 }),
  say("ada", "issue.restore", { issue: 61 }),
  say("grace", "relation.remove", { relationId: "akin" }),
  log("linus", 8, 900),
];

const friday: Line[] = [
  ...reports(191, 200),
  move("linus", 9, "Done"),
  move("linus", 8, "Done"),
  move("grace", 2, "Done"),
  move("grace", 10, "In Progress"),
  say("ada", "issue.update", { issue: 1, patch: { status: "closed" } }),
  log("ada", 1, 1200),
];

const fridayEvening: Line[] = [
  say("ada", "sprint.complete", { sprintId: "Sprint 1", unfinished: "Sprint 2" }),
  comment("ada", 200, "Well done, @grace, @linus and @robo!"),
  comment("grace", 200, "Thank you, @ada"),
];

export const scenes: Scene[] = [
  { at: "2026-03-02T09:00:00Z", lines: monday },
  { at: "2026-03-03T09:00:00Z", lines: tuesday },
  { at: "2026-03-04T09:00:00Z", lines: wednesday },
  { at: "2026-03-05T09:00:00Z", lines: thursday },
  { at: "2026-03-06T09:00:00Z", lines: friday },
  { at: "2026-03-06T17:30:00Z", lines: fridayEvening },
];
