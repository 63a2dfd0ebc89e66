/** Every example of the catalogue runs as it is printed. */
import { describe, expect, test } from "vitest";
import { commands } from "../../protocol/index.ts";
import { callableCommands, scriptClasses } from "../../protocol/script-api.ts";
import { scriptGlobals, scriptJson } from "../../protocol/script-globals.ts";
import { isMirror, type ScriptClass, type ScriptFunction } from "../../protocol/script-types.ts";
import { bob, issueOf, NOW, openOffice, sprintOf } from "./office.ts";
import { openApi } from "./run.ts";

const api = openApi();
const sprints = () => [
  sprintOf(21, "Sprint 7", "active", NOW),
  sprintOf(22, "Sprint 8", "planned", "2026-03-16T08:00:00Z"),
];
const activities = () => [
  {
    seq: 1,
    at: NOW,
    type: "issue.created",
    actor: { id: null, kind: "system", displayName: null },
    issue: null,
    changes: [],
  },
];

const classes: [string, ScriptClass][] = Object.entries(scriptClasses);
const methods = classes.flatMap(([name, { methods = {} }]) =>
  Object.entries(methods).map(([method, entry]) => [`${name}:${method}`, entry] as const),
);
const globals: [string, ScriptFunction][] = Object.entries({ ...scriptGlobals, ...scriptJson });

describe("the example of", () => {
  const atTop = ["on_event", "on_schedule"];
  const inside = [...methods, ...globals.filter(([name]) => !atTop.includes(name))];

  test.each(inside)("%s runs and sends what it says", async (_, entry) => {
    const office = openOffice({
      issues: [issueOf(12, { assignees: [bob] })],
      sprints: sprints(),
      activities: activities(),
    });
    await api.inHandler(entry.example, office);

    const told = isMirror(entry) ? [entry.command] : (entry.sends ?? []);
    const sent = office.sent.map(({ op }) => op);
    if (told.length > 0) expect(told.some((op) => sent.includes(op))).toBe(true);
  });

  test.each(atTop)("%s stands at the top level", async (name) => {
    const entry = scriptGlobals[name as "on_event"];
    expect(await api.run(entry.example, { mode: "declare" })).toMatchObject({ status: "ok" });
  });
});

test("scripts may send nothing that is about accounts, keys, roles or scripts", () => {
  const subjects = new Set(callableCommands.map((name) => name.slice(0, name.indexOf("."))));
  for (const subject of ["session", "auth", "key", "bot", "member", "script", "org", "plan", "profile", "draft"]) {
    expect(subjects).not.toContain(subject);
  }
  for (const name of callableCommands) expect(commands[name].access).not.toBe("public");
});
