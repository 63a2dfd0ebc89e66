import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type RedisBinary = { file: string; env: NodeJS.ProcessEnv };

const run = promisify(execFile);
const cache = fileURLToPath(new URL("../../node_modules/.cache/rhythm-redis", import.meta.url));

/** Redis or Valkey on the PATH, else Debian's packages unpacked into a cache folder: nothing gets installed. */
export async function findRedis(): Promise<RedisBinary> {
  for (const file of ["redis-server", "valkey-server"]) {
    const onPath = { file, env: process.env };
    if (await works(onPath)) return onPath;
  }
  if (await works(await unpackedIn(cache))) return unpackedIn(cache);
  try {
    await fillCache();
    const unpacked = await unpackedIn(cache);
    await run(unpacked.file, ["--version"], { env: unpacked.env });
    return unpacked;
  } catch (cause) {
    throw new Error("The tests found no Redis: install redis-server, or set TEST_REDIS_URL to a running one.", {
      cause,
    });
  }
}

const works = ({ file, env }: RedisBinary): Promise<boolean> =>
  run(file, ["--version"], { env }).then(
    () => true,
    () => false,
  );

async function unpackedIn(folder: string): Promise<RedisBinary> {
  const lib = path.join(folder, "usr/lib");
  const architectures = await readdir(lib).catch(() => []);
  const libraries = architectures.map((architecture) => path.join(lib, architecture)).join(":");
  return { file: path.join(folder, "usr/bin/redis-server"), env: { ...process.env, LD_LIBRARY_PATH: libraries } };
}

/** Unpacks aside and renames: several test files may do so at once. */
async function fillCache(): Promise<void> {
  await rm(cache, { recursive: true, force: true });
  await mkdir(path.dirname(cache), { recursive: true });
  const draft = await mkdtemp(`${cache}-`);
  try {
    await download(draft).catch(async (error: unknown) => {
      // A fresh machine has no package lists, and only root can fetch them.
      if (process.getuid?.() !== 0) throw error;
      await updateLists();
      await download(draft);
    });
    const packages = (await readdir(draft)).filter((name) => name.endsWith(".deb"));
    for (const name of packages) {
      await run("dpkg", ["-x", name, "."], { cwd: draft });
      await rm(path.join(draft, name));
    }
    await rename(draft, cache).catch(() => undefined);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Waits while another test file does the same. */
async function updateLists(): Promise<void> {
  for (const giveUpAt = Date.now() + 60_000; ; await sleep(200)) {
    try {
      await run("apt-get", ["update"]);
      return;
    } catch (error) {
      if (!String(error).includes("Could not get lock") || Date.now() > giveUpAt) throw error;
    }
  }
}

/** redis-server is a link into redis-tools; the libraries that both need have other names in other releases. */
async function download(folder: string): Promise<void> {
  const programs = ["redis-server", "redis-tools"];
  const { stdout } = await run("apt-cache", ["depends", "--no-recommends", "--no-suggests", ...programs]);
  const needed = [...stdout.matchAll(/^ *Depends: ((?:lib|lua)\S+)/gm)].map(([, name]) => name ?? "");
  const libraries = needed.filter((name) => name !== "libc6");
  await run("apt-get", ["download", ...programs, ...new Set(libraries)], { cwd: folder });
}
