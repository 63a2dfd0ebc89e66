import { pino } from "pino";
import { expect, test } from "vitest";
import { createWarning } from "../../src/kernel/log.ts";

function open() {
  const lines: Record<string, unknown>[] = [];
  const warn = createWarning(pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) }));
  return { lines, warn };
}

test("a warning that repeats is written once, then with how often", async () => {
  const { lines, warn } = open();

  for (let i = 0; i < 50; i += 1) warn({ command: "auth.login", requestId: String(i) }, "Too many");
  warn({ command: "auth.register" }, "Too many");
  const atOnce = [...lines];

  expect(atOnce).toEqual([
    { level: 40, command: "auth.login", requestId: "0", msg: "Too many" },
    { level: 40, command: "auth.register", msg: "Too many" },
  ]);
  await expect
    .poll(() => lines.slice(2), { timeout: 10_000 })
    .toEqual([{ level: 40, command: "auth.login", times: 49, msg: "Too many" }]);
});

test("a warning that came alone is written at once when it comes again later", async () => {
  const { lines, warn } = open();
  warn({ command: "auth.login", requestId: "first" }, "Too many");

  const again = () => {
    warn({ command: "auth.login", requestId: "again" }, "Too many");
    return lines.filter(({ requestId }) => requestId === "again").length;
  };

  await expect.poll(again, { timeout: 10_000, interval: 2500 }).toBe(1);
});
