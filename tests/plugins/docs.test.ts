/** The documents of scripts: what they print works. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { LuaFactory } from "wasmoon";
import { luaStub } from "../../protocol/print-lua-stub.ts";
import { scriptDocs } from "../../protocol/print-script-docs.ts";
import { scriptClasses } from "../../protocol/script-api.ts";
import { fieldsOf, heardEvents } from "../../protocol/script-fields.ts";
import { scriptGlobals, scriptJson } from "../../protocol/script-globals.ts";
import { scriptShapes } from "../../protocol/script-shapes.ts";
import type { ScriptClass } from "../../protocol/script-types.ts";
import { packageRoot } from "../../src/kernel/package-root.ts";
import { issueOf, NOW, openOffice, sprintOf } from "./office.ts";
import { byClock, forEvent, openApi } from "./run.ts";

const api = openApi();
const guide = readFileSync(new URL("docs/scripts.md", packageRoot), "utf8");
const [thanks = "", stale = "", rollOver = "", careful = ""] = [...guide.matchAll(/```lua\n(.*?)```/gs)].map(
  ([, source = ""]) => source,
);

describe("the guide", () => {
  test("greets", async () => {
    const office = openOffice();
    await api.run(thanks, forEvent({ type: "issue.created", issue: 12 }), office);
    expect(office.comments).toMatchObject([{ issue: 12, body: "Thank you, Ann, we will look at it." }]);
  });

  test("makes stale issues minor, on more than one page", async () => {
    const [old, fresh] = ["2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"];
    const issues = Array.from({ length: 99 }, (_, i) =>
      issueOf(i + 1, { updatedAt: i % 3 ? old : fresh, status: i % 3 === 2 ? "closed" : "open" }),
    );
    const office = openOffice({ issues });
    expect(await api.run(stale, byClock(), office)).toMatchObject({ status: "ok" });

    const minor = office.issues.filter(({ priority }) => priority === "minor").map(({ number }) => number);
    expect(minor).toEqual(issues.map(({ number }) => number).filter((number) => number % 3 === 2));
    expect(office.comments).toHaveLength(33);
    expect(office.sent.filter(({ op }) => op !== "issue.list")).toHaveLength(33);
    const { value } = await api.run(stale, { mode: "declare" });
    expect(value).toEqual({ events: [], schedules: [{ cron: "0 9 * * 1", time_zone: "Europe/Berlin" }] });
  });

  test("carries unfinished issues over", async () => {
    const [sprint, next] = [sprintOf(21, "Sprint 7", "completed", NOW), sprintOf(22, "Sprint 8", "planned", NOW)];
    const change = { field: "sprintId", from: sprint.id, to: null };
    const activities = [{ at: NOW, type: "issue.sprint_changed", issue: { number: 2 }, changes: [change] }];
    const office = openOffice({ issues: [issueOf(2), issueOf(3)], sprints: [sprint, next], activities });
    const completed = { id: sprint.id, completed_at: NOW };
    const about = forEvent({ type: "sprint.completed", data: { sprint: completed }, sprintId: sprint.id });
    expect(await api.run(rollOver, about, office)).toMatchObject({ status: "ok" });

    expect(office.issues.map(({ sprintId }) => sprintId)).toEqual([next.id, null]);
    expect(office.comments).toMatchObject([{ issue: 2, body: "Carried over from Sprint 7." }]);
    const none = openOffice({ issues: [issueOf(2)], sprints: [sprint], activities });
    expect((await api.run(rollOver, about, none)).output).toBe("no sprint is planned");
  });

  test("catches an error", async () => {
    const office = openOffice();
    const run = await api.run(careful, forEvent({ type: "issue.created", issue: 12 }), {
      ...office,
      call: (op, args) =>
        op === "stage.list"
          ? Promise.resolve({ ok: false, error: { code: "wip_exceeded", message: "Review is full" } })
          : office.call(op, args),
    });
    expect(run).toMatchObject({ status: "ok" });
    expect(office.inputsOf("notification.send")).toMatchObject([{ text: "Review is full", issue: 12 }]);
  });
});

describe("the stub for editors", () => {
  test("is Lua that loads, and declares every function", async () => {
    const lua = await new LuaFactory().createEngine();
    try {
      const names = Object.keys({ ...scriptGlobals, ...scriptJson });
      await lua.doString(luaStub());
      for (const name of names) expect(await lua.doString(`return type(${name})`), name).toBe("function");
    } finally {
      lua.global.close();
    }
  });

  test("has every class with its fields and methods, every table and every event", () => {
    const lines = new Set(luaStub().split("\n"));
    const names = [...lines].map((line) => line.replace(/ #.*/, ""));
    for (const entry of Object.values(scriptClasses) as ScriptClass[]) {
      expect(names).toContain(`---@class ${entry.title}`);
      for (const { name, type } of fieldsOf(entry)) expect(names).toContain(`---@field ${name} ${type}`);
      for (const name of Object.keys(entry.methods ?? {})) {
        expect(names.some((line) => line.startsWith(`function ${entry.title}:${name}(`))).toBe(true);
      }
    }
    for (const name of Object.keys(scriptShapes)) expect(names).toContain(`---@class ${name}`);
    for (const type of heardEvents) expect(names).toContain(`---| "${type}"`);
  });

  test("names no type that it does not declare", () => {
    const text = luaStub();
    const declared = new Set([...text.matchAll(/---@(?:class|alias) (\w+)/g)].map(([, name]) => name));
    const types = [...text.matchAll(/---@(?:field \S+|param \S+|return|overload) (.*?)(?: #.*)?$/gm)].map(
      ([, type = ""]) => type.replaceAll(/"[^"]*"/g, ""),
    );
    const used = new Set(types.flatMap((type) => type.match(/\b[A-Z]\w+/g) ?? []));
    expect([...used].filter((name) => !declared.has(name))).toEqual([]);
  });
});

test("the reference has every function with its example", () => {
  const text = scriptDocs();
  const methods = (Object.values(scriptClasses) as ScriptClass[]).flatMap(({ methods: all = {} }) =>
    Object.values(all),
  );
  for (const { example, summary } of [...Object.values(scriptGlobals), ...Object.values(scriptJson), ...methods]) {
    expect(text).toContain(`\`\`\`lua\n${example}\n\`\`\``);
    expect(text).toContain(summary);
  }
});
