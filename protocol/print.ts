import { asyncapi } from "./print-asyncapi.ts";
import { kinds } from "./print-kinds.ts";
import { luaStub } from "./print-lua-stub.ts";
import { openapi } from "./print-openapi.ts";
import { reference } from "./print-reference.ts";
import { scriptDocs } from "./print-script-docs.ts";

const file = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;

/** The generated documents of the protocol, by path. */
export const printProtocol = (version: string): Record<string, string> => ({
  "protocol/openapi.json": file(openapi(version)),
  "protocol/asyncapi.json": file(asyncapi(version)),
  "protocol/README.md": reference(),
  "protocol/kinds.ts": kinds(),
  "docs/scripts-api.md": scriptDocs(),
  "docs/rhythm.lua": luaStub(),
});
