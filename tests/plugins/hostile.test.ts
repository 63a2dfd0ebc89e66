/** Every script ends in the way that is written beside it, and the next one finds the sandbox as it was. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Outcome } from "../../src/plugins/sandbox/job.ts";
import { hostileScripts } from "./hostile/scripts.ts";
import { openScripts, type Run, scripts } from "./scripts.ts";

/** Uses each library, the JSON both ways and a call; what comes out of it never differs. */
const sound = `handle(function(input)
  local parts = {}
  for word in ("a bb ccc"):gmatch("%a+") do table.insert(parts, word:upper()) end
  local answer = call("issue.get", {parts = parts, input = input})
  print(json.encode(answer), math.floor(2.5), utf8.len("ä"))
  return answer.args
end)`;
const checkSound = async (run: Run) => {
  const { status, value, output } = await run(sound, { input: { n: 1 } });
  expect({ status, value, output }).toEqual({
    status: "ok",
    value: { parts: ["A", "BB", "CCC"], input: { n: 1 } },
    output: '{"args":{"input":{"n":1},"parts":["A","BB","CCC"]},"op":"issue.get"}\t2\t1',
  });
};

const saying = ({ status, output, error }: Outcome): string => (status === "ok" ? output : (error?.message ?? ""));

describe("one after the other in one worker", () => {
  const { sandbox, run } = openScripts();
  afterAll(() => sandbox.close());

  test("a sound script runs", () => checkSound(run));

  test.each(hostileScripts)("$name", async ({ source, call, limits, ends, says = /(?:)/ }) => {
    const outcome = await run(source, { ...limits, ...(call ? { call } : {}) });

    expect([ends].flat()).toContain(outcome.status);
    expect(saying(outcome)).toMatch(says);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBe(undefined);
    await checkSound(run);
  });
});

test("fifty endless scripts at once end, leave the server's thread free, and give their memory back", async () => {
  const { sandbox, run } = scripts({ workers: 2 });
  const endings = ["cpu_limit", "memory_limit", "log_limit"];
  const fifty = hostileScripts.filter(({ ends }) => endings.includes(String(ends))).slice(0, 50);
  const before = await settledRss();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();

  const outcomes = await Promise.all(fifty.map(({ source }, i) => run(source, { orgId: `org ${i % 7}`, cpuMs: 100 })));

  delay.disable();
  expect(fifty).toHaveLength(50);
  expect(outcomes.filter(({ status }) => !endings.includes(status))).toEqual([]);
  expect(delay.percentile(99) / 1e6).toBeLessThan(250);
  await checkSound(run);
  await sandbox.close();
  await vi.waitFor(async () => expect((await settledRss()) - before).toBeLessThan(30 * 2 ** 20), {
    timeout: 20_000,
    interval: 200,
  });
}, 120_000);

setFlagsFromString("--expose_gc");
const collectGarbage: () => void = runInNewContext("gc");

async function settledRss(): Promise<number> {
  collectGarbage();
  await new Promise(setImmediate);
  collectGarbage();
  return process.memoryUsage.rss();
}
