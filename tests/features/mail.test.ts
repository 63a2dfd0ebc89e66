import { pino } from "pino";
import { expect, onTestFinished, test, vi } from "vitest";
import { asScript } from "../support/as-script.ts";
import { connect } from "../support/client.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { startSmtp } from "../support/smtp.ts";
import { createWorld } from "../support/world.ts";

const sweepMs = 100;
const settings = (SMTP_URL: string) => ({ SMTP_URL, MAIL_FROM: "Board <board@acme.example>" });

/** Bob comments on ann's issue; ann wants e-mails. */
async function open(app: Running) {
  const world = await createWorld(app, { members: { ann: "developer", bob: "developer", pam: "org-admin" } });
  const { ann, bob, project } = world;
  await ann.ok("notification.setPrefs", { prefs: { email: true } });
  const { number: issue, key } = await ann.ok("issue.create", { project, title: "The cärt" });
  const say = (body: string) => bob.ok("comment.add", { project, issue, body });
  return { ...world, issue, key, say };
}

/** How many e-mails still wait, and lets time pass for those that are to be tried again. */
const waiting = async (app: Running): Promise<number> => {
  const { rows } = await app.parts.database.pool.query("select count(*) from notifications where mail_due is not null");
  return Number(rows[0].count);
};
const dueNow = async (app: Running): Promise<number> => {
  const { rows } = await app.parts.database.pool.query("select count(*) from notifications where mail_due <= now()");
  return Number(rows[0].count);
};
const letTimePass = (app: Running) =>
  app.parts.database.pool.query("update notifications set mail_due = now() where mail_due is not null");

test("who wants e-mails gets one for what was told, and nobody else does", async () => {
  const smtp = await startSmtp();
  const app = await startAppForTest({ sweepMs, settings: settings(smtp.url) });
  const { ann, bob, project, issue, key, say } = await open(app);

  await say("first @ann");
  await smtp.received(1);
  await ann.ok("comment.add", { project, issue, body: "@bob" });
  await ann.ok("notification.setPrefs", { prefs: { watched: false } });
  await say("not wanted");
  await say("last @ann");
  await smtp.received(2);

  expect(smtp.letters[0]).toEqual({
    to: [ann.email],
    subject: `bob mentioned you in a comment on ${key}`,
    text: expect.stringContaining(`Hello ann,\n\n- bob mentioned you in a comment on ${key}: The cärt (${project})\n`),
  });
  expect(smtp.letters.map(({ to }) => to)).toEqual([[ann.email], [ann.email]]);
  await vi.waitUntil(async () => (await waiting(app)) === 0);
  expect((await bob.ok("notification.list", {})).unreadCount).toBe(1);
});

test("what a script tells is sent by e-mail too, under a short subject", async () => {
  const smtp = await startSmtp();
  const app = await startAppForTest({ sweepMs, settings: settings(smtp.url) });
  const { ann, bob, project } = await open(app);
  const script = asScript(app, bob);
  const text = `Stand-up: ${"all is well, ".repeat(30)}`.trim();

  await script.send("notification.send", { project, userId: bob.userId, text: "not wanted" });
  await script.send("notification.send", { project, userId: ann.userId, text });
  await smtp.received(1);

  expect(smtp.letters).toEqual([
    { to: [ann.email], subject: `${text.slice(0, 150)}...`, text: expect.stringContaining(`- ${text} (${project})\n`) },
  ]);
});

test("a refused e-mail is tried again later, and those that came meanwhile go with it", async () => {
  const smtp = await startSmtp();
  const app = await startAppForTest({ sweepMs, settings: settings(smtp.url) });
  const { ann, key, say } = await open(app);
  let refused = 0;
  smtp.accept = () => {
    refused += 1;
    return false;
  };

  await say("one");
  await vi.waitUntil(() => app.complaints.length > 0, { timeout: 10_000 });
  await say("two");
  await vi.waitUntil(() => app.complaints.length > 1, { timeout: 10_000 });
  expect(await waiting(app)).toBe(2);
  smtp.accept = () => true;
  await letTimePass(app);
  await smtp.received(1);

  expect(refused).toBe(2);
  expect(smtp.letters).toEqual([
    { to: [ann.email], subject: `bob commented on ${key}, and 1 more`, text: expect.stringMatching(/(- bob .*\n){2}/) },
  ]);
  await vi.waitUntil(async () => (await waiting(app)) === 0);
});

test("two instances send each e-mail once", async () => {
  const smtp = await startSmtp();
  const one = await startAppForTest({ sweepMs: 20, settings: settings(smtp.url) });
  const two = await startAppForTest({ sweepMs: 20, settings: settings(smtp.url), databaseUrl: one.databaseUrl });
  const { bob, project, issue } = await open(one);
  const bobOnTwo = await connect(two.url, bob);
  onTestFinished(() => bobOnTwo.close());

  smtp.accept = () => false;
  for (let i = 0; i < 40; i += 1) {
    await (i % 2 ? bob : bobOnTwo).ok("comment.add", { project, issue, body: `${i}` });
  }
  await vi.waitUntil(async () => (await waiting(one)) === 40, { timeout: 10_000 });
  await vi.waitUntil(async () => (await dueNow(one)) === 0, { timeout: 10_000 });
  smtp.accept = () => true;
  // Both look for what is due every 20 ms.
  await letTimePass(one);
  await vi.waitUntil(async () => (await waiting(one)) === 0, { timeout: 10_000 });

  const told = smtp.letters.reduce((sum, { text }) => sum + (text.match(/^- /gm)?.length ?? 0), 0);
  expect(told).toBe(40);
});

test("a mail server that is away or silent delays e-mails, not commands, and the end only a little", async () => {
  const silent = await startSmtp();
  silent.answer = false;
  const app = await startApp({ sweepMs, settings: settings(silent.url) });
  const { bob, ann, say } = await open(app);
  await bob.ok("user.subscribe", {});
  await say("one");
  await vi.waitUntil(() => silent.connections > 0);

  const started = performance.now();
  await say("two");
  expect(performance.now() - started).toBeLessThan(1000);
  expect((await ann.ok("notification.list", {})).unreadCount).toBeGreaterThan(0);
  await app.close();
  expect(performance.now() - started).toBeLessThan(6000);

  const smtp = await startSmtp();
  const next = await startAppForTest({ sweepMs, settings: settings(smtp.url), databaseUrl: app.databaseUrl });
  await letTimePass(next);
  await smtp.received(1);
});

test("someone who lost the project meanwhile is not written to, and an e-mail that never goes is given up", async () => {
  const smtp = await startSmtp();
  smtp.accept = () => false;
  const app = await startAppForTest({ sweepMs, settings: settings(smtp.url) });
  const { ann, pam, say, org } = await open(app);
  await say("one");
  await vi.waitUntil(() => app.complaints.length === 1);
  for (let attempt = 2; attempt <= 8; attempt += 1) {
    await letTimePass(app);
    await vi.waitUntil(() => app.complaints.length === attempt);
  }
  await vi.waitUntil(async () => (await waiting(app)) === 0);
  expect(app.complaints.at(-1)).toMatchObject({ givenUp: 1 });

  await say("two");
  await vi.waitUntil(() => app.complaints.length === 9);
  await pam.ok("member.remove", { org, userId: ann.userId });
  smtp.accept = () => true;
  await letTimePass(app);
  await vi.waitUntil(async () => (await waiting(app)) === 0);

  expect(smtp.letters).toEqual([]);
});

test("without a mail server the log has the e-mail", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: "info" }, { write: (line) => lines.push(JSON.parse(line)) });
  const app = await startAppForTest({ sweepMs, log });
  const { ann, key, say } = await open(app);
  await say("hello");

  const line = await vi.waitUntil(() => lines.find(({ to }) => to === ann.email));
  expect(line).toMatchObject({ subject: `bob commented on ${key}`, text: expect.stringContaining("The cärt") });
});
