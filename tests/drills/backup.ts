/** A copy of a running Postgres by its own low-level way, which needs no tool of its version. */
import { execFile } from "node:child_process";
import { chown, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { withDatabase } from "./cluster.ts";
import { createFolder, type Postgres } from "./postgres.ts";

const execute = promisify(execFile);

/** Files that go while they are copied are none of the backup. */
const copy = (from: string, to: string): Promise<unknown> =>
  execute("cp", ["-a", from, to]).catch((error: { code?: number }) => {
    if (error.code !== 1) throw error;
  });

/** The folder of the copy, which `startPostgres` takes. */
export function backUp({ url, dir }: Postgres): Promise<string> {
  return withDatabase(url, async (client) => {
    const folder = await createFolder("backup");
    const target = path.join(folder, "postgres");
    await client.query("select pg_backup_start('drill', true)");
    await copy(dir, target);
    const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
    // The log of what changed meanwhile, up to the end of the backup.
    await rm(path.join(target, "pg_wal"), { recursive: true });
    await copy(path.join(dir, "pg_wal"), target);
    for (const file of ["postmaster.pid", "postmaster.opts"]) await rm(path.join(target, file), { force: true });
    const label = path.join(target, "backup_label");
    await writeFile(label, rows[0]?.labelfile ?? "", { mode: 0o600 });
    const { uid, gid } = await stat(dir);
    await chown(label, uid, gid);
    return folder;
  });
}
