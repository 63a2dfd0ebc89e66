import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { seedDemo } from "../../src/demo.ts";
import { packageRoot } from "../../src/kernel/package-root.ts";
import { startAppForTest } from "../support/harness.ts";

test("the script in the README works as printed", async () => {
  const app = await startAppForTest();
  await seedDemo(app);
  const readme = await readFile(new URL("README.md", packageRoot), "utf8");
  const script = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  // Below the project, so that it finds socket.io-client as a user's copy would.
  const folder = await mkdtemp(path.join(fileURLToPath(packageRoot), "node_modules", ".readme-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, "watch.mjs"), script);

  const run = promisify(execFile)(process.execPath, [path.join(folder, "watch.mjs")], {
    env: { ...process.env, RHYTHM_URL: app.url },
  });

  const { stdout } = await run;
  expect(stdout).toMatch(/moved WEB-\d+ \{\s*ok: true/);
  expect(stdout).toMatch(/heard \d+ issue\.moved/);
  expect(script.split("\n").length).toBeLessThanOrEqual(25);
});
