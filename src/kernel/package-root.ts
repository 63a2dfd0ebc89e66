import { existsSync, readFileSync } from "node:fs";

/** The folder that holds package.json, from the sources and from `dist` alike. */
function findRoot(from: URL): URL {
  const here = new URL("./", from);
  if (existsSync(new URL("package.json", here))) return here;
  const above = new URL("../", here);
  if (above.href === here.href) throw new Error("package.json not found above the server's code");
  return findRoot(above);
}

export const packageRoot = findRoot(new URL(import.meta.url));
export const version: string = JSON.parse(readFileSync(new URL("package.json", packageRoot), "utf8")).version;
