/** Writes the generated files; with `--check` exits 1 when one is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { printProtocol } from "../protocol/print.ts";
import { packageRoot, version } from "./kernel/package-root.ts";
import { printSettings } from "./kernel/print-settings.ts";

const files = { ...printProtocol(version), ".env.example": printSettings() };

function readOld(url: URL): string | undefined {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return undefined;
  }
}

const stale = Object.entries(files).filter(([path, text]) => readOld(new URL(path, packageRoot)) !== text);

if (process.argv.includes("--check")) {
  for (const [path] of stale) process.stderr.write(`${path} is stale: npm run generate\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [path, text] of stale) {
    writeFileSync(new URL(path, packageRoot), text);
    process.stdout.write(`${path} written\n`);
  }
}
