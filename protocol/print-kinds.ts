import { commands } from "./index.ts";

/** A module of names and kinds: whoever only sends commands, as a page in a browser, is spared the schemas. */
export function kinds(): string {
  const onSockets = Object.entries(commands).filter(([, { access }]) => access !== "public");
  const lines = onSockets.map(([name, { kind }]) => `  "${name}": "${kind}",\n`);
  return `/** Generated from the catalogue: every command that sockets take. */\nexport const commandKinds = {\n${lines.join("")}} as const;\n`;
}
