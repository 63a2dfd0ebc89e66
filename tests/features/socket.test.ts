/** The socket door: who gets in, and what it answers to commands of any shape. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { WireError } from "../../protocol/index.ts";
import { createTokens } from "../../src/kernel/tokens.ts";
import { connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { connectRaw, openRaw, type RawSocket } from "../support/raw-socket.ts";
import { createUser, createWorld } from "../support/world.ts";

let app: Running;
/** Says nothing from the start. */
let silent: { raw: RawSocket; since: number };
beforeAll(async () => {
  app = await startApp({ settings: { CORS_ORIGINS: "https://board.example" } });
  silent = { raw: await openRaw(app.url), since: performance.now() };
});
afterAll(() => app.close());

/** Why a handshake was refused. */
async function refusal(options: object): Promise<WireError | string> {
  const user = { userId: "", token: "" };
  try {
    (await connect(app.url, user, options)).close();
    return "admitted";
  } catch (error) {
    return (error as { data?: WireError }).data ?? String(error);
  }
}

test("a handshake without a good token is refused with an error object", async () => {
  const { token, userId } = await createUser(app, "ann");
  const { pool } = app.parts.database;
  const { rows } = await pool.query(
    "insert into sessions (user_id, expires_at, revoked_at) values ($1, now() + '1 h', now()) returning id",
    [userId],
  );
  const ofAnotherTime = createTokens(app.parts.config, () => new Date(Date.now() - 86_400_000));
  const ofAnotherServer = createTokens(
    { ...app.parts.config, JWT_SECRET: "another-secret-".repeat(3) },
    () => new Date(),
  );
  const sessionId = String(rows[0].id);
  const auths = {
    nothing: {},
    "an empty token": { token: "" },
    junk: { token: "junk" },
    "a number": { token: 7 },
    "an object": { token: { token } },
    "too long": { token: "x".repeat(5000) },
    cut: { token: token.slice(0, -2) },
    expired: { token: ofAnotherTime.sign({ userId, sessionId }).token },
    foreign: { token: ofAnotherServer.sign({ userId, sessionId }).token },
    revoked: { token: app.parts.tokens.sign({ userId, sessionId }).token },
    "no session": { token: app.parts.tokens.sign({ userId, sessionId: userId }).token },
    "an unknown key": { token: `rhythm_${"0".repeat(32)}` },
  };

  for (const [what, auth] of Object.entries(auths)) {
    expect({ what, ...((await refusal({ auth, query: { token } })) as object) }).toMatchObject({
      what,
      code: "unauthenticated",
      status: 401,
    });
  }
  expect(await refusal({ auth: { token } })).toBe("admitted");
});

test("pages of other origins are refused, whatever token they have", async () => {
  const auth = { token: (await createUser(app, "ann")).token };
  const from = (origin: string) => refusal({ auth, extraHeaders: { origin } });
  const foreign = [
    "null",
    "",
    "https://evil.example",
    "http://board.example",
    "https://board.example.evil.example",
    "https://evilboard.example",
    "https://sub.board.example",
    "https://board.example:444",
    "https://BOARD.example",
    "https://board.example/",
    "https://board.example.",
    "https://board.example@evil.example",
    "https://evil.example/https://board.example",
    "file://",
    app.url.replace(/\d+$/, "1"),
  ];

  for (const origin of foreign)
    expect([origin, await from(origin)]).toEqual([origin, expect.objectContaining({ code: "forbidden" })]);

  expect(await from("https://board.example")).toBe("admitted");
  expect(await from(app.url)).toBe("admitted");
  expect(await refusal({ auth })).toBe("admitted");
});

test("only WebSockets of the present Engine.IO get through", async () => {
  const polling = await fetch(`${app.url}/socket.io/?EIO=4&transport=polling`);

  expect(polling.status).toBe(400);
  await expect(openRaw(app.url, "EIO=4&transport=polling")).rejects.toThrow("400");
  await expect(openRaw(app.url, "EIO=3&transport=websocket").then(({ closed }) => closed)).resolves.toBe(1006);
});

test("a command without an ack callback runs all the same", async () => {
  const { ann, project } = await createWorld(app);

  ann.socket.emit("issue.create", { project, title: "silent" });

  expect((await ann.next("issue.created")).data).toMatchObject({ issue: { title: "silent" } });
});

test("wrong messages get typed answers", async () => {
  const { ann, project } = await createWorld(app);
  const messages: [string, unknown[], string][] = [
    ["no.command", [{}], "not_found"],
    ["__proto__", [{}], "not_found"],
    ["constructor", [], "not_found"],
    ["", [{}], "not_found"],
    ["x".repeat(10_000), [{}], "not_found"],
    ["issue.create", [], "invalid"],
    ["issue.create", [null], "invalid"],
    ["issue.create", ["text"], "invalid"],
    ["issue.create", [7], "invalid"],
    ["issue.create", [[project]], "invalid"],
    ["issue.create", [{ project }], "invalid"],
    ["issue.create", [{ project, title: "x", extra: 1 }], "invalid"],
    ["issue.create", [{ project, title: "x".repeat(201) }], "invalid"],
    ["issue.create", [{ project, title: "a\0b" }], "invalid"],
    ["issue.create", [{ project, title: "half \ud800" }], "invalid"],
    ["issue.create", [{ project, title: "x", "a\0b": 1 }], "invalid"],
    ["issue.create", [{ project, title: Buffer.from("binary") }], "invalid"],
    ["issue.create", [{ project, title: "x", description: new Uint8Array(10) }], "invalid"],
    ["issue.create", [{ project, title: "x", commandId: "not a uuid" }], "invalid"],
    ["issue.create", [JSON.parse(`{"project":"${project}","title":"x","__proto__":{"admin":true}}`)], "invalid"],
    ["issue.get", [{ project, issue: 2 ** 31 }], "invalid"],
    ["project.get", [{ project: "acme" }], "invalid"],
  ];

  for (const [name, args, code] of messages) {
    expect([name, await ann.send(name, ...args)]).toMatchObject([
      name,
      { ok: false, error: { code, message: expect.any(String) } },
    ]);
  }
  expect(await ann.send("session.whoami", {}, "more", { arguments: true })).toMatchObject({ ok: true });
  expect(app.complaints).toEqual([]);
  expect(ann.heard.filter(({ type }) => type === "issue.created")).toEqual([]);
});

test("an invalid input names the field", async () => {
  const { ann, project } = await createWorld(app);

  const { details } = await ann.refused("issue.create", { project, title: "a\0b" });

  expect(details).toEqual({ issues: [{ path: "title", message: expect.stringContaining("NUL") }] });
});

test("an event that is named by a number is an unknown command", async () => {
  const raw = await connectRaw(app.url, (await createUser(app, "ann")).token);
  onTestFinished(() => raw.ws.close());

  raw.ws.send('421[5,{"a":1}]');

  expect(await raw.frame(/^431/)).toContain('"code":"not_found"');
  expect(app.complaints).toEqual([]);
});

test.each([
  ["a reserved event name", (raw: RawSocket) => raw.ws.send('42["disconnect",{}]')],
  ["an event named connect", (raw: RawSocket) => raw.ws.send('420["connect",{}]')],
  ["more than ten attachments", (raw: RawSocket) => raw.ws.send('4511-["issue.create",{"_placeholder":true,"num":0}]')],
  ["a second CONNECT", (raw: RawSocket) => raw.ws.send("40{}")],
  ["one byte more than 64 KiB", (raw: RawSocket) => raw.ws.send(`42${" ".repeat(64 * 1024 - 1)}`)],
  ["a frame of 1 MB", (raw: RawSocket) => raw.ws.send("x".repeat(1_000_000))],
])("%s closes the connection that sent it and no other", async (_, offend) => {
  const { ann, project } = await createWorld(app);
  const raw = await connectRaw(app.url, ann.token);

  offend(raw);

  await raw.closed;
  expect(await ann.ok("project.get", { project })).toMatchObject({ ref: project });
  expect(app.complaints).toEqual([]);
});

test("a packet of 64 KiB is taken", async () => {
  const { ann, project } = await createWorld(app);
  const raw = await connectRaw(app.url, ann.token);
  onTestFinished(() => raw.ws.close());
  const packet = (filling: string) =>
    `421["issue.create",{"project":"${project}","title":"big","description":"${filling}"}]`;

  raw.ws.send(packet("x".repeat(64 * 1024 - packet("").length)));

  // Whole, and too long for the field.
  expect(await raw.frame(/^431/)).toContain('"path":"description"');
});

test("nesting of 30,000 levels is refused as invalid", async () => {
  const raw = await connectRaw(app.url, (await createUser(app, "ann")).token);
  onTestFinished(() => raw.ws.close());

  raw.ws.send(`421["issue.create",${"[".repeat(30_000)}${"]".repeat(30_000)}]`);

  expect(await raw.frame(/^431/)).toContain("is nested too deep");
});

test("a connection that never says who it is was closed meanwhile", async () => {
  await silent.raw.closed;

  expect(performance.now() - silent.since).toBeLessThan(10_000);
});
