import { expect, test } from "vitest";
import type { Change } from "../../protocol/index.ts";
import { isTelling, type Telling, toNews } from "../../src/features/notification/news.ts";
import { summarize } from "../../src/features/notification/sentence.ts";

const event = (type: string, changes: Change[] = [], data: Record<string, unknown> = {}): Telling => ({
  seq: 1,
  type,
  at: "2026-01-01T00:00:00.000Z",
  actor: { id: null, kind: "user" },
  issue: 12,
  changes,
  data,
});
const watched = (...of: Parameters<typeof event>) => summarize(event(...of), { actor: "grace", key: "WEB-12" }).watched;
const change = (field: string, from: unknown, to: unknown, toName?: string): Change => ({
  field,
  from,
  to,
  ...(toName !== undefined && { toName }),
});

test.each([
  ["issue.moved", [change("stageId", "a", "b", "Done"), change("status", "open", "resolved")], "moved WEB-12 to Done"],
  ["issue.moved", [change("laneId", null, "a", "Urgent")], "moved WEB-12 to Urgent"],
  ["issue.moved", [change("laneId", "a", null)], "moved WEB-12"],
  ["issue.status_changed", [change("status", "open", "in_progress")], "set WEB-12 to in progress"],
  ["issue.sprint_changed", [change("sprintId", null, "a", "Sprint 4")], "moved WEB-12 to Sprint 4"],
  ["issue.sprint_changed", [change("sprintId", "a", null)], "moved WEB-12 to the backlog"],
  ["issue.tagged", [change("tags", [], ["a"], "ui")], "changed the tags of WEB-12"],
  ["issue.moved", [change("stageId", "a", "b", "To\n\tdo")], "moved WEB-12 to To do"],
])("%s reads well", (type, changes, sentence) => {
  expect(watched(type, changes)).toBe(`grace ${sentence}`);
});

test("a change of several fields names them", () => {
  expect(watched("issue.updated", [], { changes: { title: "a" } })).toBe("grace changed title of WEB-12");
  const changes = { title: "a", laneId: null, estimate: 3 };
  expect(watched("issue.updated", [], { changes })).toBe("grace changed title, lane and estimate of WEB-12");
});

test("a replacement is told once: by the event that adds", () => {
  const replaced = [change("assignees", ["ann"], ["bob"])];
  const removed = [change("assignees", ["ann", "bob"], ["bob"])];

  expect(toNews(event("issue.assigned", replaced), "")).toMatchObject({ watched: true, assigned: ["bob"] });
  expect(toNews(event("issue.unassigned", replaced), "")).toMatchObject({ watched: false, assigned: [] });
  expect(toNews(event("issue.unassigned", removed), "")).toMatchObject({ watched: true, assigned: [] });
});

test("events of no issue, of other kinds, and mere new ranks tell nothing", () => {
  expect(isTelling({ ...event("issue.updated"), issue: null })).toBe(false);
  expect(isTelling(event("time.logged"))).toBe(false);
  expect(isTelling(event("issue.moved"))).toBe(false);
  expect(isTelling(event("issue.moved", [change("stageId", "a", "b")]))).toBe(true);
});
