import { createHash } from "node:crypto";
import { type CommandName, commands, type Output } from "../protocol/index.ts";
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

const SPRINT_MS = 14 * 86_400_000;
const displayName = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`;

const project = "demo/web";
const colors = { bug: "#d73a4a", checkout: "#1f6feb", phone: "#8250df", Shop: "#2da44e", Payments: "#bf8700" };
const tagNames = ["bug", "checkout", "phone"] as const;
const laneNames = ["Shop", "Payments"] as const;
const EPIC = 1;

type DemoIssue = {
  by: DemoName;
  title: string;
  type: "bug" | "feature" | "task" | "improvement";
  priority: "critical" | "major" | "normal" | "minor";
  /** Only developers plan: what linus reports gets this from grace. */
  plan?: {
    kind?: "epic" | "story";
    tag?: (typeof tagNames)[number];
    lane?: (typeof laneNames)[number];
    estimate?: number;
  };
  inSprint?: true;
  to?: "In Progress" | "Done";
};

/** Numbered from 1. */
const issues: DemoIssue[] = [
  {
    ...{ by: "ada", title: "A checkout that nobody leaves", type: "feature", priority: "major" },
    plan: { kind: "epic", lane: "Payments" },
  },
  {
    ...{ by: "linus", title: "Cart forgets its content after a reload", type: "bug", priority: "critical" },
    ...{ inSprint: true, to: "In Progress" },
  },
  {
    ...{ by: "grace", title: "Pay with a saved card", type: "feature", priority: "major" },
    plan: { kind: "story", tag: "checkout", lane: "Payments", estimate: 8 },
    ...{ inSprint: true, to: "In Progress" },
  },
  {
    ...{ by: "ada", title: "Move the shop to the new domain", type: "task", priority: "normal" },
    plan: { lane: "Shop", estimate: 3 },
    ...{ inSprint: true, to: "Done" },
  },
  {
    ...{ by: "linus", title: "Search finds nothing for words with an umlaut", type: "bug", priority: "major" },
    inSprint: true,
  },
  {
    ...{ by: "grace", title: "Product pictures load slowly on phones", type: "improvement", priority: "normal" },
    plan: { tag: "phone", lane: "Shop", estimate: 5 },
  },
  {
    ...{ by: "linus", title: "Typo on the imprint page", type: "bug", priority: "minor" },
    ...{ inSprint: true, to: "Done" },
  },
  {
    by: "ada",
    title: "Choose a provider for gift cards",
    type: "task",
    priority: "normal",
    plan: { lane: "Payments" },
  },
  {
    ...{ by: "grace", title: "Show delivery time before checkout", type: "feature", priority: "normal" },
    plan: { kind: "story", tag: "checkout", lane: "Payments", estimate: 5 },
    inSprint: true,
  },
  { by: "linus", title: "Logout button is hidden behind the chat", type: "bug", priority: "normal" },
  { by: "ada", title: "Write the release notes for 1.4", type: "task", priority: "minor", plan: { estimate: 1 } },
];

const talk: { by: DemoName; issue: number; body: string }[] = [
  { by: "linus", issue: 2, body: "@grace it happens on my phone too, after a day." },
  { by: "grace", issue: 2, body: "Thank you, @linus: the cart's cookie ends with the session. I have a test for it." },
  { by: "ada", issue: 3, body: "The bank wants us to ask again above 250 euros." },
];
const work: { issue: number; seconds: number; description: string }[] = [
  { issue: 2, seconds: 5400, description: "Found the cookie" },
  { issue: 3, seconds: 10_800, description: "Form and tests" },
];

/** Makes the demo workspace once. Signing in as ada works from the moment that it is complete. */
export async function seedDemo(app: App): Promise<void> {
  const { pool } = app.parts.database;
  const done = await pool.query("select from users where id = $1 and password_hash is not null", [demoId("ada")]);
  if (done.rowCount !== 0) return;

  for (const { name, email } of demoUsers) {
    const person = [demoId(name), email, displayName(name)];
    await pool.query("insert into users (id, email, display_name) values ($1, $2, $3) on conflict do nothing", person);
  }
  await makeWorkspace(createSender(app));
  const hashes = await Promise.all(demoUsers.map(({ name }) => app.parts.passwords.hash(demoPassword(name))));
  await pool.query(
    `update users set password_hash = made.hash from unnest($1::uuid[], $2::text[]) as made(id, hash)
     where users.id = made.id and password_hash is null`,
    [demoUsers.map(({ name }) => demoId(name)), hashes],
  );
}

type Send = <N extends CommandName>(by: DemoName, name: N, words: string, input: object) => Promise<Output<N>>;

/** Sends as one of the people; what was sent in the same words before is answered again. */
function createSender(app: App): Send {
  return async <N extends CommandName>(by: DemoName, name: N, words: string, input: object) => {
    const actor = { id: demoId(by), kind: "user" as const };
    const caller = { actor, sessionId: null, expiresAtMs: Number.MAX_SAFE_INTEGER };
    const commandId = commands[name].kind === "mutation" ? { commandId: demoId(`${name} ${words}`) } : {};
    const ack = await app.execute({ name, input: { ...input, ...commandId }, caller, requestId: `demo ${words}` });
    if (!ack.ok) throw new Error(`demo data: ${name} ${words}: ${ack.error.message}`);
    return ack.data as Output<N>;
  };
}

/** Ids by name: of stages, tags and lanes, and of the sprint. */
type Ids = Record<string, string>;
const named = (items: { id: string; name: string }[]): Ids =>
  Object.fromEntries(items.map(({ id, name }) => [name, id]));
const numbersOf = (isMeant: (issue: DemoIssue) => boolean): number[] =>
  issues.flatMap((issue, i) => (isMeant(issue) ? [i + 1] : []));

async function makeProject(send: Send): Promise<Ids> {
  await send("ada", "org.create", "demo", { name: "Demo", slug: "demo" });
  const { createdAt } = await send("ada", "project.create", "web", {
    org: "demo",
    name: "Web",
    slug: "web",
    key: "WEB",
  });
  for (const [name, role] of [
    ["grace", "developer"],
    ["linus", "reporter"],
  ] as const) {
    await send("ada", "member.add", name, { org: "demo", userId: demoId(name), role: "member" });
    await send("ada", "project.addMember", name, { project, userId: demoId(name), role });
  }
  const stages = named((await send("ada", "stage.list", "web", { project })).items);
  // The same dates when it is sent again.
  const endsAt = new Date(Date.parse(createdAt) + SPRINT_MS).toISOString();
  const dates = { startsAt: createdAt, endsAt };
  const made = await Promise.all([
    ...tagNames.map((name) => send("grace", "tag.create", name, { project, name, color: colors[name] })),
    ...laneNames.map((name) => send("ada", "lane.create", name, { project, name, color: colors[name] })),
    send("ada", "sprint.create", "sprint", { project, name: "Sprint 1", goal: "Fewer carts left behind", ...dates }),
    send("ada", "stage.update", "wip", {
      project,
      stageId: stages["In Progress"],
      patch: { wipLimit: 3, wipMode: "warn" },
    }),
  ]);
  return { ...stages, ...named(made) };
}

async function makeIssues(send: Send, ids: Ids): Promise<void> {
  for (const { by, title, type, priority, plan: { kind, tag, lane, estimate } = {} } of issues) {
    const planned = {
      kind,
      estimate,
      ...(kind === "story" && { parent: EPIC }),
      ...(tag && { tagIds: [ids[tag]] }),
      ...(lane && { laneId: ids[lane] }),
    };
    await send(by, "issue.create", title, { project, title, type, priority, ...planned });
  }
  const bugs = numbersOf(({ type }) => type === "bug");
  await send("grace", "issue.bulk", "bugs", {
    project,
    issues: bugs,
    patch: { addTagIds: [ids["bug"]], laneId: ids["Shop"], estimate: 2 },
  });
  await send("ada", "issue.bulk", "sprint", {
    project,
    issues: numbersOf(({ inSprint = false }) => inSprint),
    patch: { sprintId: ids["Sprint 1"] },
  });
  await send("ada", "sprint.start", "sprint", { project, sprintId: ids["Sprint 1"] });
}

async function makeProgress(send: Send, ids: Ids): Promise<void> {
  const underWay = numbersOf(({ to }) => to === "In Progress");
  const done = numbersOf(({ to }) => to === "Done");
  await Promise.all([
    send("grace", "issue.bulk", "under way", { project, issues: underWay, move: { stageId: ids["In Progress"] } }),
    send("grace", "issue.bulk", "done", { project, issues: done, move: { stageId: ids["Done"] } }),
    send("ada", "relation.add", "notes", { project, issue: issues.length, target: 3, type: "is_blocked_by" }),
    ...work.map((entry) => send("grace", "time.log", entry.description, { project, ...entry })),
  ]);
  await send("ada", "issue.bulk", "assign", { project, issues: underWay, patch: { assigneeIds: [demoId("grace")] } });
  for (const { by, ...comment } of talk) await send(by, "comment.add", comment.body, { project, ...comment });
}

async function makeWorkspace(send: Send): Promise<void> {
  const ids = await makeProject(send);
  await makeIssues(send, ids);
  await makeProgress(send, ids);
}
