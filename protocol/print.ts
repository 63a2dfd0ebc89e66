import { asyncapi } from "./print-asyncapi.ts";
import { kinds } from "./print-kinds.ts";
import { openapi } from "./print-openapi.ts";
import { reference } from "./print-reference.ts";

const file = (document: object): string => `${JSON.stringify(document, null, 2)}\n`;

/** The generated documents of the protocol, by path. */
export const printProtocol = (version: string): Record<string, string> => ({
  "protocol/openapi.json": file(openapi(version)),
  "protocol/asyncapi.json": file(asyncapi(version)),
  "protocol/README.md": reference(),
  "protocol/kinds.ts": kinds(),
});
