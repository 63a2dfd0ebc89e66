import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { Job } from "../../src/plugins/sandbox/job.ts";
import { scripts } from "./scripts.ts";

const asks = (input: string): string => `handle(function(input) ${input} end)`;

describe("a script", () => {
  test("gives back a value, its log and what it took", async () => {
    const { run } = scripts();

    const outcome = await run(asks("print('a', 1, nil) log('b') call('x') return {sum = input.a + 1}"), {
      input: { a: 1 },
    });

    expect(outcome).toMatchObject({
      status: "ok",
      value: { sum: 2 },
      error: null,
      output: "a\t1\tnil\nb",
      hostCalls: 1,
    });
    expect(outcome.durationMs).toBeGreaterThan(0);
    expect(outcome.cpuMs).toBeGreaterThan(0);
    expect(outcome.memoryBytes).toBeGreaterThan(10_000);
  });

  test("gets what its calls are answered, and refusals as errors that it can catch", async () => {
    const { run } = scripts();
    const call: Job["call"] = async (op, args) =>
      op === "issue.get"
        ? { ok: true, value: { op, args } }
        : { ok: false, error: { code: "conflict", message: "full", details: { limit: 3 } } };

    const { value } = await run(
      asks(`local found = call("issue.get", {issue = 7, tags = json.array()})
        local ok, problem = pcall(call, "issue.move", {})
        return {found, ok, problem.code, problem.message, problem.details.limit, tostring(problem)}`),
      { call },
    );

    const found = { op: "issue.get", args: { issue: 7, tags: [] } };
    expect(value).toEqual([found, false, "conflict", "full", 3, "conflict: full"]);
  });

  test("starts with nothing that another one left", async () => {
    const { run } = scripts();

    await run("left = 1 string.upper = nil table.insert(string, 'x') json.mine = 1 math.pi = 3");
    const { value } = await run(
      asks("return {json.encode(left), string.upper('a'), #string, math.pi, json.mine == nil}"),
    );

    expect(value).toEqual(["null", "A", 0, Math.PI, true]);
  });

  test("does the same each time, in whichever worker, the order of pairs and of chance included", async () => {
    const source = asks(`local t, order = {}, {}
      for i = 1, 50 do t["key" .. i * 7] = i t[{}] = i end
      for key, value in pairs(t) do order[#order + 1] = value end
      return {order, math.random(), tostring({})}`);
    const orders = new Set<string>();

    for (const round of [1, 2, 3]) {
      const { sandbox, run } = scripts();
      for (let i = 0; i < 5; i += 1) {
        orders.add(JSON.stringify((await run(source)).value));
        await run(asks(`local t = {} for i = 1, 1000 * input do t[i] = ("x"):rep(i) end`), { input: round });
      }
      await sandbox.close();
      // The seed that Lua would take is the second of the clock.
      await pause(400);
    }

    expect(orders.size).toBe(1);
  });
});

describe("values cross", () => {
  test("as they are", async () => {
    const { run } = scripts();
    const noProto = (value: unknown) => !JSON.stringify(value).includes("__proto__");
    const withoutNulls = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value), (_key, item) => {
        if (item === null || typeof item !== "object" || Array.isArray(item)) return item;
        return Object.fromEntries(Object.entries(item).filter(([, part]) => part !== null));
      });

    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }).filter(noProto), async (input) => {
        const { status, value } = await run(asks("return call('x', {v = input}).args.v"), { input });
        expect({ status, value }).toEqual({ status: "ok", value: withoutNulls(input) });
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ["json.null", null],
    ["{json.null, 1}", [null, 1]],
    ["{}", {}],
    ["json.array()", []],
    ["json.decode('[]')", []],
    ["json.decode('{\"a\":null}')", {}],
    ["json.decode('[null]')[1] == json.null", true],
    [
      "{1.0, 0.1, -0.5, 1e300, 2 ^ 53, math.maxinteger}",
      [1, 0.1, -0.5, 1e300, 2 ** 53, Number.MAX_SAFE_INTEGER * 1024 + 1023],
    ],
    ['"\\0\\1\\127\\"\\\\/ä€😀\\u{2028}"', '\0\u0001\u007f"\\/ä€😀\u2028'],
    [`json.decode('"\\\\ud83d\\\\ude00\\\\u00e4\\\\ud800x\\\\n"')`, "😀ä\ufffdx\n"],
    ["setmetatable({1, 2}, {__index = error, __len = error, __pairs = error})", [1, 2]],
  ])("%s is %j", async (expression, expected) => {
    const { run } = scripts();
    expect(await run(asks(`return ${expression}`))).toMatchObject({ status: "ok", value: expected });
  });

  test.each([
    ["{1, nil, 3}", "a list has a gap before place 3"],
    ['{1, name = "x"}', 'a list also has the key "name"'],
    ["{[0] = 1}", "a table has a key of type number: 0"],
    ["{[1.5] = 1}", "a table has a key of type number: 1.5"],
    ["{[true] = 1}", "a table has a key of type boolean: ?"],
    ["json.decode('{')", "not JSON, at byte 2"],
    ["json.decode('[1,]')", "not JSON, at byte 4"],
    ["json.decode('1 2')", "not JSON, at byte 3"],
    ["json.decode('01x')", "not JSON, at byte 3"],
    ["json.decode(('['):rep(100))", "not JSON, at byte 65"],
    ["json.decode({})", "json.decode takes a string"],
  ])("%s is refused: %s", async (expression, message) => {
    const { run } = scripts();
    expect(await run(asks(`return json.encode(${expression})`))).toMatchObject({
      status: "error",
      error: { message, line: 1 },
    });
  });
});

describe("an error names the line of the script", () => {
  const fail: Job["call"] = async () => ({ ok: false, error: { code: "not_found", message: "Issue not found" } });

  test.each([
    ["raised", "\n\nerror('boom')", "boom", 3],
    ["raised without a place", "\nerror('boom', 0)", "boom", 2],
    ["made by Lua", "local x\nlocal y = x.z", "attempt to index a nil value (local 'x')", 2],
    ["of the syntax", "x = 1\ny = = 2", "unexpected symbol near '='", 2],
    ["at the end of the source", "if true then\n", "'end' expected (to close 'if' at line 1) near <eof>", 2],
    ["of a library", "\nlocal f = string.rep\nf()", "bad argument #1 to 'rep' (string expected, got nil)", 3],
    ["in a coroutine", "local c = coroutine.wrap(function()\n error('boom') end)\n\nc()", "boom", 2],
    [
      "of a call",
      "handle(function()\n  local function f()\n    call('x')\n  end\n  f()\nend)",
      "not_found: Issue not found",
      3,
    ],
    [
      "of a call that was caught",
      "handle(function()\n local _, e = pcall(call, 'x')\n\n error(e)\nend)",
      "not_found: Issue not found",
      4,
    ],
    [
      "at its limit, though it catches that",
      "xpcall(function()\n while true do end\nend, function() while true do end end)",
      "used more than 150 ms of CPU time",
      2,
    ],
    ["at its limit", "print(1)\n\nwhile true do\nend", "used more than 150 ms of CPU time", 3],
  ])("%s", async (_kind, source, message, line) => {
    const { run } = scripts();
    const { error } = await run(source, { call: fail });
    expect({ ...error, line: Math.min(error?.line ?? 0, line) }).toEqual({ message, line });
  });
});

describe("limits", () => {
  test("what is logged until a kill is kept, as far as there is room", async () => {
    const { run } = scripts();

    const killed = await run("print('ä') print('b'); ('a'):rep(2e4):find('.-.-.-.-b$')");
    const full = await run("print('äää') print('äää')", { outputBytes: 10 });

    expect(killed).toMatchObject({ status: "cpu_limit", output: "ä\nb" });
    expect(full).toMatchObject({ status: "log_limit", output: "äää\nä" });
  });

  test("waiting for an answer is no CPU time, but it is time", async () => {
    const { run } = scripts();
    const call: Job["call"] = async () => ({ ok: true, value: await pause(300, 1) });

    const patient = await run(asks("return call('x') + call('x')"), { call });
    const late = await run(asks("while true do pcall(call, 'x') end"), { call, wallMs: 500 });

    expect(patient).toMatchObject({ status: "ok", value: 2, hostCalls: 2 });
    expect(patient.cpuMs).toBeLessThan(150);
    expect(late).toMatchObject({ status: "time_limit", error: { message: "took longer than 500 ms" } });
  });

  test("an answer that comes after the end is dropped", async () => {
    const { run } = scripts();
    const late = withResolvers<{ ok: true; value: unknown }>();

    const first = await run(asks("return call('slow')"), { call: () => late.promise, wallMs: 100 });
    const second = run(asks("return {call('a'), call('b')}"), {
      async call(op) {
        if (op === "a") late.resolve({ ok: true, value: "stale" });
        await pause(20);
        return { ok: true, value: op };
      },
    });

    expect(first.status).toBe("time_limit");
    expect(await second).toMatchObject({ status: "ok", value: ["a", "b"] });
  });

  test("a call that throws ends the script at once, whatever it catches, and says why", async () => {
    const { run } = scripts();
    const cause = new Error("the database is away");

    const outcome = await run(asks("while true do pcall(call, 'x') end"), { call: () => Promise.reject(cause) });

    expect(outcome).toMatchObject({ status: "aborted", hostCalls: 1, value: null });
    expect(outcome.cause).toBe(cause);
  });

  test("an answer that is no JSON ends it too", async () => {
    const { run } = scripts();
    const circle: { self?: unknown } = {};
    circle.self = circle;

    expect(await run(asks("call('x')"), { call: async () => ({ ok: true, value: circle }) })).toMatchObject({
      status: "aborted",
      cause: expect.any(TypeError),
    });
  });
});

describe("the pool", () => {
  test("organizations take turns", async () => {
    const { run } = scripts();
    const order: string[] = [];
    const job = (orgId: string) => {
      const call: Job["call"] = async () => {
        order.push(orgId);
        return { ok: true, value: 1 };
      };
      return run(asks("call('x')"), { orgId, call });
    };

    await Promise.all(["a", "a", "a", "a", "b", "c", "b"].map(job));

    expect(order.join("")).toBe("aabcaba");
  });

  test("as many run at once as there are workers", async () => {
    const { run } = scripts({ workers: 2 });
    let [running, most] = [0, 0];
    const call: Job["call"] = async () => {
      running += 1;
      most = Math.max(most, running);
      await pause(20);
      running -= 1;
      return { ok: true, value: 1 };
    };

    await Promise.all(Array.from({ length: 8 }, () => run(asks("call('x')"), { call })));

    expect(most).toBe(2);
  });

  test("a worker is replaced after many jobs, and nobody notices", async () => {
    const { run } = scripts();

    const outcomes = await Promise.all(
      Array.from({ length: 1100 }, (_, input) => run(asks("return input"), { input })),
    );

    expect(outcomes.map(({ value }) => value)).toEqual(outcomes.map((_, i) => i));
  });

  test("closing ends what runs and what waits", async () => {
    const { sandbox, run } = scripts();
    const called = vi.fn<Job["call"]>(() => new Promise(() => {}));
    const running = run(asks("call('x')"), { call: called });
    const waiting = run("x = 1");
    await vi.waitFor(() => expect(called).toHaveBeenCalled(), 10_000);

    await sandbox.close();

    const stopped = { status: "aborted", error: { message: "stopped by the server" } };
    expect([await running, await waiting, await run("x = 1")]).toMatchObject([stopped, stopped, stopped]);
  });

  test("closing ends what still waits for a worker to start", async () => {
    const warn = vi.fn();
    const { sandbox, run } = scripts({ log: { warn } });
    const waiting = run("x = 1");

    await sandbox.close();

    expect(await waiting).toMatchObject({ status: "aborted" });
    expect(warn).not.toHaveBeenCalled();
  });

  test("a machine that cannot start is told of, and the next job tries again", async () => {
    const warn = vi.fn();
    const { run } = scripts({ api: "error('no API')", log: { warn } });

    const outcomes = [await run("x = 1"), await run("x = 1")];

    expect(outcomes).toMatchObject([{ status: "crashed" }, { status: "crashed" }]);
    expect(outcomes[0].cause).toMatchObject({ message: expect.stringContaining("no API") });
    expect(warn).toHaveBeenCalledTimes(2);
  });
});

function withResolvers<T>() {
  let resolve = (_value: T): void => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
