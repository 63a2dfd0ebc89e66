/** Hashing, and the process that it is done in. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createHasher } from "../../src/kernel/hasher.ts";
import { createPasswords } from "../../src/kernel/passwords.ts";

const onLinux = process.platform === "linux";
const password = "correct horse battery";

function openHasher(idleMs = 60_000) {
  const hasher = createHasher({ threads: 2, idleMs });
  onTestFinished(hasher.close);
  return hasher;
}

/** Fields after the name, from the state on: proc(5). */
const statOf = (path: string): string[] => {
  const stat = readFileSync(`${path}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
};

/** The hashing processes that this one started and that still run. */
function hashing(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [state, parent] = statOf(`/proc/${pid}`);
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return Number(parent) === process.pid && state !== "Z" && command.includes("hash-process");
      } catch {
        return false;
      }
    })
    .map(Number);
}

test("a password is right for its hash only, and none for nobody", async () => {
  const passwords = createPasswords();
  onTestFinished(passwords.close);

  const hash = await passwords.hash(password);

  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await passwords.verify(hash, password)).toBe(true);
  expect(await passwords.verify(hash, `${password}!`)).toBe(false);
  expect(await passwords.verify(null, password)).toBe(false);
  expect(await passwords.verify(undefined, password)).toBe(false);
});

test("a hash that cannot be read is a fault that does not tell the password", async () => {
  const hasher = openHasher();

  const fault = await hasher.verify("nonsense", password).catch(String);

  expect(fault).toMatch(/Error/);
  expect(fault).not.toContain(password);
  expect(await hasher.verify(await hasher.hash(password), password)).toBe(true);
});

describe.runIf(onLinux)("its process", () => {
  beforeEach(() => expect.poll(() => hashing().length, { timeout: 10_000 }).toBe(0));

  test("starts with the first hash, gives way with all its threads, and holds no secret of the server", async () => {
    const hasher = openHasher();
    await Promise.all([hasher.hash(password), hasher.hash(password)]);

    const pids = hashing();
    const [pid] = pids;
    const niceness = readdirSync(`/proc/${pid}/task`).map((thread) =>
      Number(statOf(`/proc/${pid}/task/${thread}`)[16]),
    );
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);

    expect(pids).toHaveLength(1);
    expect(niceness.length).toBeGreaterThan(2);
    expect(Math.min(...niceness)).toBe(10);
    expect(environment.map((pair) => pair.split("=")[0]).sort()).toEqual([
      "NODE_CHANNEL_FD",
      "NODE_CHANNEL_SERIALIZATION_MODE",
      "UV_THREADPOOL_SIZE",
    ]);
  });

  test("that dies fails what it had; the next hash has another", async () => {
    const hasher = openHasher();
    const hash = await hasher.hash(password);
    const [first = 0] = hashing();

    const asked = Array.from({ length: 50 }, () => hasher.verify(hash, password).then(String, ({ code }) => code));
    process.kill(first, "SIGKILL");
    const answers = await Promise.all(asked);

    expect(answers).toContain("unavailable");
    expect(await hasher.verify(hash, password)).toBe(true);
    expect(hashing()).not.toContain(first);
  });

  test("outlives what a terminal sends to all", async () => {
    const hasher = openHasher();
    await hasher.hash(password);
    const [pid = 0] = hashing();

    process.kill(pid, "SIGINT");
    process.kill(pid, "SIGTERM");
    await hasher.hash(password);

    expect(hashing()).toEqual([pid]);
  });

  test("ends when it has nothing to do for a while, and when told", async () => {
    const [idle, told] = [openHasher(100), openHasher()];
    await Promise.all([idle.hash(password), told.hash(password)]);

    told.close();

    await expect.poll(() => hashing().length, { timeout: 10_000 }).toBe(0);
    expect(await idle.verify(await idle.hash(password), password)).toBe(true);
  });

  test("keeps nobody from exiting, and ends with whom it works for", async () => {
    const program = `
      import { createHasher } from ${JSON.stringify(new URL("../../src/kernel/hasher.ts", import.meta.url).href)};
      const hash = await createHasher({ threads: 1, idleMs: 3_600_000 }).hash("correct horse battery");
      process.stdout.write(hash);`;

    const cwd = fileURLToPath(new URL("../..", import.meta.url));
    const args = ["--import", "tsx", "--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });

    expect(stdout).toMatch(/^\$argon2id/);
  });
});
