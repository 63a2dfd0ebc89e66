import type { ClientInput, CommandName } from "../protocol/index.ts";
import { large, person, small, words } from "./tracker-seed.ts";
import { vocabulary } from "./words.ts";

/** `inputs` are asked in turn; `rows`: no step of a plan may read more rows of one large table than this. */
export type Question = {
  [N in CommandName]: { what: string; command: N; inputs: ClientInput<N>[]; rows: number };
}[CommandName];

const project = large.ref;
const org = project.slice(0, project.indexOf("/"));
const PAGE = 51;
const STAGES = 5;

const list = (what: string, filter: Omit<ClientInput<"issue.list">, "project">, rows: number): Question => ({
  what: `issue.list ${what}`,
  command: "issue.list",
  inputs: [{ project, ...filter }],
  rows,
});
const board = (what: string, input: Omit<ClientInput<"board.get">, "project">, rows: number): Question => ({
  what: `board.get ${what}`,
  command: "board.get",
  inputs: [{ project, ...input }],
  rows,
});
const search = (what: string, texts: string[], rows: number): Question => ({
  what: `issue.search ${what}`,
  command: "issue.search",
  inputs: texts.map((q) => ({ org, q, limit: 20 })),
  rows,
});
const activity = (what: string, filter: Omit<ClientInput<"activity.list">, "project">): Question => ({
  what: `activity.list ${what}`,
  command: "activity.list",
  inputs: [{ project, ...filter }],
  rows: 2 * PAGE,
});

/** Every `step`th word of the vocabulary from `first` on. */
const some = (first: number, step: number): string[] =>
  Array.from({ length: 20 }, (_, i) => vocabulary[first + i * step] ?? "");
const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
const swapped = (word: string): string => word.slice(0, 2) + word.charAt(3) + word.charAt(2) + word.slice(4);

export const questions: Question[] = [
  list("by update", { sort: "updated" }, PAGE),
  list("by creation", { sort: "created" }, 2 * PAGE),
  list("by priority", { sort: "priority" }, PAGE),
  list("on the board", { sort: "rank" }, STAGES * PAGE),
  list("status", { status: ["open", "in_progress"] }, 2000),
  list("type and priority", { type: "bug", priority: "critical" }, 2000),
  list("stage", { stageId: large.stage("Review") }, 2000),
  list("assignee, busy", { assignee: person.busy }, 5000),
  list("assignee, rare", { assignee: person.rare }, 100),
  list("assignee, none", { assignee: "none" }, 2000),
  list("reporter, busy", { reporter: person.busy }, 5000),
  list("reporter, rare", { reporter: person.rare }, 100),
  list("tag, common", { tag: large.tag.common }, 2000),
  list("tag, rare", { tag: large.tag.rare }, 100),
  list("lane", { laneId: large.lane }, 2000),
  list("sprint", { sprintId: large.sprint.active }, 2000),
  list("no sprint", { sprintId: "none" }, 2000),
  list("parent", { parent: large.parent }, 1000),
  list("field, common", { field: { [large.field.browser]: "Firefox" } }, 2000),
  list("field, rare", { field: { [large.field.ticket]: 777 } }, 100),
  list("not touched for a year", { updatedBefore: "52w" }, 2000),
  list("words, everywhere", { q: words.everywhere }, 10_000),
  list("words, common", { q: words.common }, 10_000),
  list("words, rare", { q: words.rare }, 500),
  list("words, unique", { q: words.unique }, 50),
  list("words by update", { q: words.common, sort: "updated" }, 5000),
  list("query", { q: `status:open,in_progress assignee:me -tag:"${large.tag.rare}" updated:<52w` }, 5000),
  list("query with words", { q: `type:bug priority:critical,major ${words.common}` }, 50_000),
  board("", {}, 50_000),
  board("of a sprint", { sprintId: large.sprint.active }, 2000),
  board("by status", { groupBy: "status" }, 50_000),
  board("by lane", { laneBy: "lane" }, 50_000),
  board("by assignee", { laneBy: "assignee" }, 50_000),
  board("by parent and status", { laneBy: "parent", groupBy: "status" }, 50_000),
  {
    what: "board.column",
    command: "board.column",
    inputs: [{ project, stageId: large.stage("Done"), limit: 50 }],
    rows: PAGE,
  },
  {
    what: "board.column of a sprint",
    command: "board.column",
    inputs: [{ project, stageId: large.stage("Done"), sprintId: large.sprint.completed, limit: 50 }],
    rows: 2000,
  },
  { what: "backlog.list", command: "backlog.list", inputs: [{ project }], rows: STAGES * PAGE },
  {
    what: "sprint.board",
    command: "sprint.board",
    inputs: [{ project, sprintId: large.sprint.completed }],
    rows: 2000,
  },
  {
    what: "sprint.report, active",
    command: "sprint.report",
    inputs: [{ project, sprintId: large.sprint.active }],
    rows: 30_000,
  },
  {
    what: "sprint.report, completed",
    command: "sprint.report",
    inputs: [{ project, sprintId: large.sprint.completed }],
    rows: 30_000,
  },
  {
    what: "sprint.report, the first",
    command: "sprint.report",
    inputs: [{ project, sprintId: large.sprint.first }],
    rows: 30_000,
  },
  search("unique", [words.unique], 100),
  search("rare", some(5000, 700), 2000),
  search("common", some(10, 3), 20_000),
  search("everywhere", vocabulary.slice(0, 5), 20_000),
  search(
    "two words",
    some(10, 3).map((word, i) => `${word} ${vocabulary[i + 3]}`),
    30_000,
  ),
  search(
    "two rare words",
    some(200, 31).map((word, i) => `${word} ${vocabulary[i + 90]}`),
    20_000,
  ),
  search(
    "beginning",
    some(100, 40).map((word) => word.slice(0, 4)),
    60_000,
  ),
  search("short beginning", ["ca", "ba", "re", "so", "ta", "in"], 20_000),
  search(
    "typo",
    some(3, 2)
      .filter((word) => word.length > 5 && swapped(word) !== word)
      .map(swapped),
    20_000,
  ),
  search("nothing", ["xylophonist", "qqqqqqqq"], 20_000),
  {
    what: "issue.search in a small project",
    command: "issue.search",
    inputs: [words.everywhere, words.rare, "checkuot"].map((q) => ({ org, q, project: small.ref, limit: 20 })),
    rows: 20_000,
  },
  activity("of a project", {}),
  activity("of an issue", { issue: large.talk }),
  activity("by a person", { actor: person.busy }),
  activity("by a person, rare", { actor: person.rare }),
  activity("by a person, none", { actor: person.idle }),
  activity("of a type", { type: "issue.moved" }),
  activity("of a type, rare", { type: "sprint.completed" }),
  activity("of a type, none", { type: "time.deleted" }),
  {
    what: "time.report of a month by person",
    command: "time.report",
    inputs: [{ project, from: ago(60), to: ago(30), groupBy: "user" }],
    rows: 5000,
  },
  {
    what: "time.report of a month by issue",
    command: "time.report",
    inputs: [{ project, from: ago(60), to: ago(30), groupBy: "issue" }],
    rows: 5000,
  },
  {
    what: "time.report of all by issue",
    command: "time.report",
    inputs: [{ project, from: ago(1000), to: ago(0), groupBy: "issue" }],
    rows: 50_000,
  },
  { what: "issue.context", command: "issue.context", inputs: [{ project, issue: large.talk }], rows: 200 },
  {
    what: "issue.context, many children",
    command: "issue.context",
    inputs: [{ project, issue: large.parent }],
    rows: 1000,
  },
  { what: "comment.list", command: "comment.list", inputs: [{ project, issue: large.talk }], rows: 2 * PAGE },
  { what: "notification.list", command: "notification.list", inputs: [{}], rows: 500 },
  { what: "notification.list, unread", command: "notification.list", inputs: [{ unread: true }], rows: 500 },
  {
    what: "sync.pull",
    command: "sync.pull",
    inputs: [1, 1000, 400_000].map((after) => ({ stream: large.stream, after, limit: 500 })),
    rows: 500,
  },
  { what: "sync.digest", command: "sync.digest", inputs: [{ project }], rows: 50_000 },
  { what: "sync.digest of a small project", command: "sync.digest", inputs: [{ project: small.ref }], rows: 2000 },
];
