/** The short forms of the drills that matter most. What they may cost is judged, not how long it takes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { judge } from "../drills/drill.ts";
import { drills } from "../drills/drills.ts";

/** What runs is what `npm start` runs. */
beforeAll(async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const tsc = spawn(process.execPath, ["node_modules/typescript/bin/tsc", "-b"], { cwd: root, stdio: "inherit" });
  const [code] = await once(tsc, "exit");
  expect(code).toBe(0);
});

test.each(["kill-instance", "redis-stop", "postgres-restart", "slow-consumer", "revoke", "rolling", "migrate"])(
  "%s",
  { timeout: 120_000 },
  async (name) => {
    const drill = drills.find((one) => one.name === name);
    if (!drill) throw new Error(`there is no drill ${name}`);

    const figures = await drill.run({ short: true, full: false, minutes: undefined });

    expect(judge(drill, figures, { timed: false })).toEqual([]);
  },
);
