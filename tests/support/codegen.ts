/** Writes src/kernel/schema.ts from the migrations, or with --verify fails when it is stale. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { migrate } from "../../src/kernel/migrate.ts";
import { packageRoot } from "../../src/kernel/package-root.ts";
import { startCluster } from "./cluster.ts";

const cluster = await startCluster();
try {
  await migrate(cluster.url);
  const { status } = spawnSync(
    process.execPath,
    [
      fileURLToPath(new URL("node_modules/kysely-codegen/dist/cli/bin.js", packageRoot)),
      "--dialect=postgres",
      "--camel-case",
      '--type-mapping={"timestamptz":"string","date":"string","int8":"number"}',
      "--exclude-pattern=(kysely_*|migration_checksums)",
      `--out-file=${fileURLToPath(new URL("src/kernel/schema.ts", packageRoot))}`,
      ...process.argv.slice(2),
    ],
    { env: { ...process.env, DATABASE_URL: cluster.url }, stdio: ["ignore", "ignore", "inherit"] },
  );
  process.exitCode = status ?? 1;
} finally {
  await cluster.stop();
}
