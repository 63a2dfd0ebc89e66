import { readFileSync } from "node:fs";
import { luaCatalogue } from "../../protocol/print-lua-catalogue.ts";
import { packageRoot } from "../kernel/package-root.ts";

/** In the order of their use. */
const parts = ["handles", "times", "values", "mirrors", "issues", "projects", "api"] as const;

const readPart = (name: string): string => readFileSync(new URL(`src/plugins/lua/${name}.lua`, packageRoot), "utf8");

/** Each part is a chunk of its own: gets the sandbox, the catalogue and what the parts before it gave to `api`. */
const wrap = (name: string): string => `local function ${name}(...)\n${readPart(name)}\nend\n`;

/** The trusted Lua that makes the API: gets the sandbox, returns `enter`. */
export const apiSource = (): string => `local sandbox = ...
local null, shared = sandbox.json.null, {}
local catalogue = ${luaCatalogue()}
${parts.map(wrap).join("")}
${parts.map((name, i) => `${i === parts.length - 1 ? "return " : ""}${name}(sandbox, catalogue, shared)`).join("\n")}
`;
