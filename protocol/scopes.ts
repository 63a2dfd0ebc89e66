import type { KeyScope } from "./define.ts";
import { type CommandName, commands } from "./index.ts";

/** What an account is made of: whoever holds a key that only works must not change it. */
const isAboutAccount = (command: CommandName): boolean => /^(auth|session|profile|key)\./.test(command);

/** Of people, who can sign in: what would outlast a key that was stolen from them. */
export const needsSession = (command: CommandName): boolean =>
  command.startsWith("key.") || command === "session.renew";

/** Up to what a project's developer does. */
const isEverydayWork = (access: string): boolean => /^project:(viewer|reporter|developer)$/.test(access);

/** What an API key needs to send a command, besides the role; `any`: every key may, even one for other projects. */
export function scopeNeeded(command: CommandName): KeyScope | "any" {
  const { keyScope, kind, access } = commands[command];
  if (keyScope !== undefined) return keyScope;
  if (isAboutAccount(command)) return "admin";
  if (kind === "query") return "read";
  return kind === "mutation" && isEverydayWork(access) ? "write" : "admin";
}

/** For the documents; empty where no key is asked for. */
export function scopeText(command: CommandName): string {
  if (commands[command].access === "public") return "";
  const needed = scopeNeeded(command);
  if (needed === "any") return "any key";
  return `scope \`${needed}\`${needsSession(command) ? ", those of bots only" : ""}`;
}
