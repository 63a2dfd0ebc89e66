import { createHash } from "node:crypto";
import type { CommandName, Output } from "../protocol/index.ts";
import type { App } from "./app.ts";

export const demoUsers = [
  { name: "ada", email: "ada@demo.local", role: "owner" },
  { name: "grace", email: "grace@demo.local", role: "developer" },
  { name: "linus", email: "linus@demo.local", role: "reporter" },
] as const;
type DemoName = (typeof demoUsers)[number]["name"];

export const demoPassword = (name: DemoName): string => `demo-${name}`;

/** The same UUID for the same words, so that a start that was cut off goes on where it stopped. */
function demoId(words: string): string {
  const hex = createHash("sha256").update(`rhythm demo ${words}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const displayName = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`;

const issues = [
  {
    by: "linus",
    title: "Cart forgets its content after a reload",
    type: "bug",
    priority: "critical",
    to: "In Progress",
  },
  { by: "grace", title: "Pay with a saved card", type: "feature", priority: "major", to: "In Progress" },
  { by: "ada", title: "Move the shop to the new domain", type: "task", priority: "normal", to: "Done" },
  { by: "linus", title: "Search finds nothing for words with an umlaut", type: "bug", priority: "major" },
  { by: "grace", title: "Product pictures load slowly on phones", type: "improvement", priority: "normal" },
  { by: "linus", title: "Typo on the imprint page", type: "bug", priority: "minor", to: "Done" },
  { by: "ada", title: "Choose a provider for gift cards", type: "task", priority: "normal" },
  { by: "grace", title: "Show delivery time before checkout", type: "feature", priority: "normal" },
  { by: "linus", title: "Logout button is hidden behind the chat", type: "bug", priority: "normal" },
  { by: "ada", title: "Write the release notes for 1.4", type: "task", priority: "minor" },
] as const;

/** Makes the demo workspace once. Signing in as ada works from the moment that it is complete. */
export async function seedDemo(app: App): Promise<void> {
  const { pool } = app.parts.database;
  const done = await pool.query("select from users where id = $1 and password_hash is not null", [demoId("ada")]);
  if (done.rowCount !== 0) return;

  for (const { name, email } of demoUsers) {
    const person = [demoId(name), email, displayName(name)];
    await pool.query("insert into users (id, email, display_name) values ($1, $2, $3) on conflict do nothing", person);
  }
  const hashes = Promise.all(demoUsers.map(({ name }) => app.parts.passwords.hash(demoPassword(name))));
  await makeWorkspace(app);
  const [ada, grace, linus] = await hashes;
  await pool.query(
    `update users set password_hash = made.hash from unnest($1::uuid[], $2::text[]) as made(id, hash)
     where users.id = made.id and password_hash is null`,
    [demoUsers.map(({ name }) => demoId(name)), [ada, grace, linus]],
  );
}

async function makeWorkspace(app: App): Promise<void> {
  const send = async <N extends CommandName>(
    by: DemoName,
    name: N,
    words: string,
    input: object,
  ): Promise<Output<N>> => {
    const caller = {
      actor: { id: demoId(by), kind: "user" as const },
      sessionId: null,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
    };
    const commandId = demoId(`${name} ${words}`);
    const ack = await app.execute({ name, input: { ...input, commandId }, caller, requestId: `demo ${words}` });
    if (!ack.ok) throw new Error(`demo data: ${name} ${words}: ${ack.error.message}`);
    return ack.data as Output<N>;
  };
  const project = "demo/web";
  await send("ada", "org.create", "demo", { name: "Demo", slug: "demo" });
  for (const name of ["grace", "linus"] as const) {
    await send("ada", "member.add", name, { org: "demo", userId: demoId(name), role: "member" });
  }
  await send("ada", "project.create", "web", { org: "demo", name: "Web", slug: "web", key: "WEB" });
  await send("ada", "project.addMember", "grace", { project, userId: demoId("grace"), role: "developer" });
  await send("ada", "project.addMember", "linus", { project, userId: demoId("linus"), role: "reporter" });
  const board = await app.execute({
    name: "stage.list",
    input: { project },
    caller: { actor: { id: demoId("ada"), kind: "user" }, sessionId: null, expiresAtMs: Number.MAX_SAFE_INTEGER },
    requestId: "demo",
  });
  const stages = board.ok ? (board.data as Output<"stage.list">).items : [];
  for (const { by, title, type, priority, ...rest } of issues) {
    const { number } = await send(by, "issue.create", title, { project, title, type, priority });
    const stageId = "to" in rest ? stages.find(({ name }) => name === rest.to)?.id : undefined;
    if (stageId) await send("grace", "issue.move", title, { project, issue: number, stageId });
  }
}
