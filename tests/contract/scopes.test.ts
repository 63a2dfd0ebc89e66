/** What API keys may send, for all commands and scopes: the table below is what the server does. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands, type KeyScope, keyScopes } from "../../protocol/index.ts";
import { scopeNeeded } from "../../protocol/scopes.ts";
import { type Running, startApp } from "../support/harness.ts";
import { type InnerCommand, innerCommands, inputFor } from "./fixtures.ts";
import { type Cast, openCast, type Scene, setScene } from "./scene.ts";

let app: Running;
let cast: Cast;
/** For commands that spoil nothing. */
let home: Scene;
let elsewhere: Scene;
beforeAll(async () => {
  app = await startApp();
  cast = await openCast(app);
  home = await setScene(cast);
  elsewhere = await setScene(cast);
});
afterAll(async () => {
  cast.close();
  await app.close();
});

const sceneFor = async (command: InnerCommand): Promise<Scene> =>
  commands[command].kind === "query" ? home : setScene(cast);

/** A bot that administers the scene's organization: what is refused to it is refused to its key. */
async function newBot({ maker, org }: Scene): Promise<string> {
  const { id: userId } = await maker.ok("bot.create", { org, name: "Robot" });
  await maker.ok("member.setRole", { org, userId, role: "admin" });
  return userId;
}

/** What a command says that is sent with a new key, of a bot or of the scene's maker. */
async function answerTo(command: InnerCommand, at: Scene, key: { scopes: KeyScope[]; [more: string]: unknown }) {
  const { id: keyId, secret } = await at.maker.ok("key.create", { label: "for one command", ...key });
  const response = await fetch(`${app.url}/api/v1/commands/${command}`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify(await inputFor(command, at, at.maker)),
  });
  await at.maker.call("key.revoke", { keyId });
  const { error } = (await response.json()) as { error?: { code: string } };
  return error?.code ?? "ok";
}

/** Own rules of a few commands, whatever the scope. */
const exceptions: { [N in InnerCommand]?: KeyScope | "any" | "nobody" } = {
  "session.whoami": "any",
  "cursor.commit": "read",
  "presence.set": "write",
  "notification.markRead": "write",
  "draft.save": "write",
  "draft.delete": "write",
  // Of others: a key that does not administer is no more than a developer.
  "comment.delete": "admin",
  "time.delete": "admin",
  "comment.edit": "nobody",
  "member.remove": "nobody",
  "notification.send": "nobody",
  // Nor has it a password.
  "profile.setPassword": "nobody",
  // A bot stays in its organization, an owner is no bot, and only owners do these.
  "org.create": "nobody",
  "org.delete": "nobody",
  "org.transfer": "nobody",
  "plan.set": "nobody",
};

function expectedScope(command: InnerCommand): KeyScope | "any" | "nobody" {
  const { kind, access } = commands[command];
  if (/^(auth|session|profile|key)\./.test(command)) return exceptions[command] ?? "admin";
  const byKind = kind === "query" ? "read" : /^project:(viewer|reporter|developer)$/.test(access) ? "write" : "admin";
  return exceptions[command] ?? byKind;
}

const reaches = (scope: KeyScope, needed: KeyScope | "any" | "nobody"): boolean =>
  needed === "any" || (needed !== "nobody" && keyScopes.indexOf(scope) >= keyScopes.indexOf(needed));

test.each(innerCommands)("%s needs its scope of a bot's key", async (command) => {
  const needed = expectedScope(command);
  const at = await sceneFor(command);
  const botId = await newBot(at);
  const answers: Record<string, string> = {};

  for (const scope of keyScopes) answers[scope] = await answerTo(command, at, { botId, scopes: [scope] });

  const refused = Object.entries(answers).filter(([, code]) => code === "forbidden");
  expect(refused.map(([scope]) => scope)).toEqual(keyScopes.filter((scope) => !reaches(scope, needed)));
  expect(app.complaints).toEqual([]);
});

test.each(innerCommands)("%s with a key for another project", async (command) => {
  const at = await sceneFor(command);

  const code = await answerTo(command, at, { scopes: ["admin"], projects: [elsewhere.project] });

  const isAboutProject = /^(project:|stream$|script$)/.test(commands[command].access);
  const otherwise = command === "session.whoami" ? "ok" : "forbidden";
  expect(code).toBe(isAboutProject ? "not_found" : otherwise);
});

const keyCommands = innerCommands.filter((command) => command.startsWith("key.") || command === "session.renew");

test.each(keyCommands)("%s of people needs a session, not a key", async (command) => {
  const at = await setScene(cast);

  expect(await answerTo(command, at, { scopes: ["admin"] })).toBe("forbidden");
});

test("the scopes, as a table", () => {
  const kinds = new Map<string, Set<string>>();
  for (const command of innerCommands.filter((name) => commands[name].keyScope === undefined)) {
    const { kind, access } = commands[command];
    const account = /^(auth|session|profile|key)\./.test(command) ? "account, " : "";
    const row = `${account}${kind}, ${access}`;
    kinds.set(row, (kinds.get(row) ?? new Set()).add(scopeNeeded(command)));
  }
  const lines = [...kinds].map(([row, scopes]) => `${row}: ${[...scopes].join(" or ")}`).sort();

  expect(lines).toMatchInlineSnapshot(`
    [
      "account, mutation, any: admin",
      "account, query, any: admin",
      "mutation, any: admin",
      "mutation, org:admin: admin",
      "mutation, org:member: admin",
      "mutation, org:owner: admin",
      "mutation, project:admin: admin",
      "mutation, project:developer: write",
      "mutation, project:reporter: write",
      "mutation, project:viewer: write",
      "mutation, script: admin",
      "query, any: read",
      "query, org:admin: read",
      "query, org:member: read",
      "query, project:viewer: read",
      "query, script: read",
      "query, stream: read",
    ]
  `);
});
