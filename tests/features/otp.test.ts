/** Signing in by a code that comes by e-mail. */
import { createHash, randomUUID } from "node:crypto";
import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { createCode } from "../../src/features/session/code.ts";
import { pruneCodes } from "../../src/features/session/repository/code.ts";
import { connect } from "../support/client.ts";
import { createDatabase, type Running, startAppForTest } from "../support/harness.ts";
import { post, unlimited } from "../support/post.ts";
import { type SmtpServer, startSmtp } from "../support/smtp.ts";
import { createUser } from "../support/world.ts";

const ask = (app: Running, email: string) => post(app, "/auth/otp/request", { email });
const show = (app: Running, email: string, code: string) => post(app, "/auth/otp/verify", { email, code });
const stranger = () => `nobody-${randomUUID()}@test.example`;
const codeIn = (text: string): string => /sign-in code is (\d{6})\./.exec(text)?.[1] ?? "no code";
/** Another code than this one, `by` further on. */
const beside = (code: string, by = 1): string => String((Number(code) + by) % 1_000_000).padStart(6, "0");

/** ann, whose e-mails arrive. */
async function open(options: Parameters<typeof startAppForTest>[0] = {}) {
  const smtp = await startSmtp();
  const databaseUrl = await createDatabase();
  const start = (secrets: object = {}) =>
    startAppForTest({
      databaseUrl,
      ...options,
      settings: { ...unlimited, SMTP_URL: smtp.url, ...options.settings, ...secrets },
    });
  const app = await start();
  return { app, smtp, start, ann: await createUser(app, "ann") };
}

/** A code that has arrived. */
async function codeFor(app: Running, smtp: SmtpServer, email: string): Promise<string> {
  const before = smtp.letters.length;
  await ask(app, email);
  await smtp.received(before + 1);
  return codeIn(smtp.letters[before]?.text ?? "");
}

test("a code signs in as a password does, once", async () => {
  const { app, smtp, ann } = await open();

  const asked = await ask(app, ann.email.toUpperCase());
  await smtp.received(1);
  const code = codeIn(smtp.letters[0]?.text ?? "");
  const signedIn = await show(app, ann.email, code);
  const again = await show(app, ann.email, code);

  expect(asked).toEqual({ status: 202, body: {} });
  expect(smtp.letters).toMatchObject([{ to: [ann.email], subject: "Your sign-in code" }]);
  expect(signedIn).toMatchObject({ status: 200, body: { expiresInSeconds: 900, user: { id: ann.userId } } });
  expect(again).toMatchObject({ status: 401, body: { error: { code: "unauthenticated" } } });
  const { accessToken, refreshToken } = signedIn.body as Record<string, string>;
  const socket = await connect(app.url, { userId: ann.userId, token: accessToken ?? "" });
  expect((await socket.ok("session.list", {})).items[0]).toMatchObject({ method: "code", current: true });
  expect(await post(app, "/auth/refresh", { refreshToken })).toMatchObject({ status: 200 });
  socket.close();
});

test("five wrong tries use a code up, four do not", async () => {
  const { app, smtp, ann } = await open();
  const statuses = async (wrong: number) => {
    const code = await codeFor(app, smtp, ann.email);
    for (let i = 1; i <= wrong; i += 1) {
      expect(await show(app, ann.email, beside(code, i))).toMatchObject({ status: 401 });
    }
    return (await show(app, ann.email, code)).status;
  };

  expect(await statuses(4)).toBe(200);
  expect(await statuses(5)).toBe(401);
});

test("however many guesses come at once, on two instances, five count", async () => {
  const { app, smtp, start, ann } = await open();
  const other = await start();
  const code = await codeFor(app, smtp, ann.email);

  const guesses = await Promise.all(
    Array.from({ length: 30 }, (_, i) => show(i % 2 ? app : other, ann.email, beside(code, i + 1))),
  );
  const right = await show(app, ann.email, code);

  expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([401]));
  expect(right.status).toBe(401);
});

test("a right code that is sent ten times at once, to two instances, signs in once", async () => {
  const { app, smtp, start, ann } = await open();
  const other = await start();
  const code = await codeFor(app, smtp, ann.email);

  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => show(i % 2 ? app : other, ann.email, code)));

  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(9);
});

test("a code is good for ten minutes", async () => {
  const clock = { ahead: 0 };
  const { app, smtp, ann } = await open({ now: () => new Date(Date.now() + clock.ahead) });
  const inTime = await codeFor(app, smtp, ann.email);
  clock.ahead += 10 * 60_000 - 5000;
  expect(await show(app, ann.email, inTime)).toMatchObject({ status: 200 });

  const late = await codeFor(app, smtp, ann.email);
  clock.ahead += 10 * 60_000 + 1;
  expect(await show(app, ann.email, late)).toMatchObject({ status: 401 });
});

test("a new code replaces the one before, and its used tries", async () => {
  const { app, smtp, ann } = await open();
  const first = await codeFor(app, smtp, ann.email);
  for (let i = 1; i <= 5; i += 1) await show(app, ann.email, beside(first, i));
  const second = await codeFor(app, smtp, ann.email);

  // Once in a million they are the same.
  if (first !== second) expect(await show(app, ann.email, first)).toMatchObject({ status: 401 });
  expect(await show(app, ann.email, second)).toMatchObject({ status: 200 });
});

test("a code is good for the e-mail that it was sent to only", async () => {
  const { app, smtp, ann } = await open();
  const bob = await createUser(app, "bob");
  const anns = await codeFor(app, smtp, ann.email);
  const bobs = await codeFor(app, smtp, bob.email);

  if (anns !== bobs) expect(await show(app, bob.email, anns)).toMatchObject({ status: 401 });
  expect(await show(app, ann.email, anns)).toMatchObject({ status: 200, body: { user: { id: ann.userId } } });
});

test("nobody learns whether an e-mail has an account: answers and statements are the same", async () => {
  const statements: string[] = [];
  const never = 1_000_000_000;
  const { app, smtp, ann } = await open({ pollMs: never, sweepMs: null, onStatement: (text) => statements.push(text) });
  const [sue, bot] = [await createUser(app, "sue"), await createUser(app, "bot")];
  await app.setSuspended(sue.userId, true);
  await app.parts.database.pool.query("update users set kind = 'bot' where id = $1", [bot.userId]);
  const watch = async (act: () => ReturnType<typeof post>) => {
    statements.length = 0;
    const { status, body } = await act();
    const { requestId: _, ...rest } = body;
    return { status, rest, statements: [...statements] };
  };

  const seen = [];
  for (const { email } of [ann, { email: stranger() }, sue, bot]) {
    const asked = await watch(() => ask(app, email));
    seen.push({ asked, refused: await watch(() => show(app, email, "000000")) });
  }

  const [known, ...others] = seen;
  expect(known).toMatchObject({ asked: { status: 202, rest: {} }, refused: { status: 401 } });
  for (const other of others) expect(other).toEqual(known);
  await smtp.received(1);
  expect(smtp.letters.map(({ to }) => to)).toEqual([[ann.email]]);
});

test("what is kept of a code does not tell it, not even to who tries all", async () => {
  const { app, smtp, ann } = await open();
  const code = await codeFor(app, smtp, ann.email);

  const { rows } = await app.parts.database.pool.query("select to_jsonb(c) as row, hash, id from sign_in_codes c");

  const sha = (text: string) => createHash("sha256").update(text).digest("hex");
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows[0].row)).not.toContain(code);
  const guesses = [code, `${rows[0].id}${code}`, `${rows[0].id} ${code}`, `${ann.email} ${code}`].map(sha);
  expect(guesses).not.toContain(rows[0].hash.toString("hex"));
});

test("without SMTP_URL a code is printed to the log in development, and refused in production", async () => {
  const databaseUrl = await createDatabase();
  const answers: Record<string, unknown> = {};
  const lines: Record<string, string> = {};
  for (const NODE_ENV of ["development", "production"]) {
    const logged: string[] = [];
    const log = pino({ level: "trace" }, { write: (line) => void logged.push(line) });
    const app = await startAppForTest({ databaseUrl, log, settings: { NODE_ENV } });
    const { email } = await createUser(app, "ann");
    const { body, status } = await ask(app, email);
    answers[NODE_ENV] = [status, body];
    answers[`${NODE_ENV}, a stranger`] = [(await ask(app, stranger())).status];
    if (NODE_ENV === "development") await vi.waitUntil(() => logged.some((line) => line.includes("sign-in code is")));
    lines[NODE_ENV] = logged.join("");
    if (NODE_ENV === "development") {
      expect(await show(app, email, codeIn(lines[NODE_ENV]))).toMatchObject({ status: 200 });
    }
  }

  expect(answers).toMatchObject({
    development: [202, {}],
    "development, a stranger": [202],
    production: [503, { error: { code: "unavailable" } }],
    "production, a stranger": [503],
  });
  expect(lines["development"]?.match(/sign-in code is \d{6}/g)).toHaveLength(1);
  expect(lines["production"]).not.toMatch(/\b\d{6}\b(?!Z)/);
});

test("a mail server that is down changes nothing in the answer", async () => {
  const { app, smtp, ann } = await open();
  smtp.accept = () => false;

  expect(await ask(app, ann.email)).toEqual({ status: 202, body: {} });
  await vi.waitUntil(() => app.complaints.length > 0);

  expect(app.complaints).toMatchObject([{ level: 40, msg: "a sign-in code could not be sent" }]);
  expect(JSON.stringify(app.complaints)).not.toContain("sign-in code is");
});

test("a code outlives a change of the secrets", async () => {
  const [before, after] = ["the secret before this one ".repeat(2), "the secret after that one ".repeat(2)];
  const { app, smtp, start, ann } = await open({ settings: { JWT_SECRET: before } });
  const changed = await start({ JWT_SECRET: after, JWT_PREVIOUS_SECRET: before });
  const forgotten = await start({ JWT_SECRET: after });
  const code = await codeFor(app, smtp, ann.email);

  expect(await show(forgotten, ann.email, code)).toMatchObject({ status: 401 });
  expect(await show(changed, ann.email, code)).toMatchObject({ status: 200 });
});

test("codes that ran out are forgotten", async () => {
  const { app, ann } = await open();
  const { pool } = app.parts.database;
  await ask(app, ann.email);
  const later = stranger();
  await ask(app, later);
  await pool.query("update sign_in_codes set expires_at = now() - interval '1 second' where email = $1", [ann.email]);

  expect(await pruneCodes(pool)).toBe(1);
  const { rows } = await pool.query("select email from sign_in_codes");
  expect(rows).toEqual([{ email: later }]);
});

test("codes have six digits, from all of them", () => {
  const codes = Array.from({ length: 5000 }, createCode);

  expect(codes.filter((code) => !/^\d{6}$/.test(code))).toEqual([]);
  const firsts = new Set(codes.map((code) => code[0]));
  expect(firsts.size).toBe(10);
});
