/** Tokens that are not what they say: none opens any door. */
import { createHmac, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import jwt from "jsonwebtoken";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startApp, startAppForTest } from "../support/harness.ts";
import { asUser, endingOf, post, type SignedIn, signIn, unlimited } from "../support/post.ts";

const current = "the secret of this test, long enough";
const previous = "the secret before it, also long enough";
const removed = "the secret before that, forgotten by now";
const password = "correct horse battery";
const settings = { ...unlimited, JWT_SECRET: current, JWT_PREVIOUS_SECRET: previous };

let app: Running;
/** The same server as it was when `removed` was its secret. */
let old: Running;
beforeAll(async () => {
  app = await startApp({ settings });
  old = await startApp({ databaseUrl: app.databaseUrl, settings: { ...unlimited, JWT_SECRET: removed } });
});
afterAll(async () => {
  await app.close();
  await old.close();
});

const register = (at: Running = app): Promise<SignedIn> =>
  signIn(at, "/auth/register", { email: `${randomUUID()}@acme.example`, password });

/** What a door says to a token; `ok` lets it in. */
type Door = (token: string, user: SignedIn) => Promise<string>;
const doors: Record<string, Door> = {
  "the handshake": async (token, { user }) => {
    try {
      (await connect(app.url, { userId: user.id, token })).close();
      return "ok";
    } catch (error) {
      return (error as { data?: { code: string } }).data?.code ?? String(error);
    }
  },
  "session.renew": async (token, good) => {
    const client = await connect(app.url, asUser(good));
    const ack = await client.call("session.renew", { token });
    client.close();
    return ack.ok ? "ok" : ack.error.code;
  },
  "the header": async (token) => codeOf(await post(app, "/auth/session", undefined, { token })),
  "a command over HTTP": async (token) => codeOf(await post(app, "/commands/session.whoami", {}, { token })),
  "auth.validate": async (token) => codeOf(await post(app, "/auth/validate", { token })),
};
const codeOf = ({ status, body }: Awaited<ReturnType<typeof post>>): string =>
  status === 200 ? "ok" : String((body["error"] as { code?: unknown } | undefined)?.code);

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const read = (text = ""): Record<string, unknown> => JSON.parse(Buffer.from(text, "base64url").toString());
const now = (): number => Math.floor(Date.now() / 1000);

/** Every way to spoil ann's token that we know; bob is another user, eve's session has ended by `end`. */
function forgeries(ann: SignedIn, bob: SignedIn): Record<string, string> {
  const [head = "", body = "", signature = ""] = ann.accessToken.split(".");
  const [header, claims] = [read(head), read(body)];
  const bobs = read(bob.accessToken.split(".")[1]);
  const without = (field: string) => Object.fromEntries(Object.entries(claims).filter(([name]) => name !== field));
  const headless = (field: string) => Object.fromEntries(Object.entries(header).filter(([name]) => name !== field));
  /** Signed as ours are, with whatever header and claims. */
  const sign = (
    claimed: unknown = claims,
    headed: unknown = header,
    key: string | Buffer = current,
    hash = "sha256",
  ) => {
    const input = `${part(headed)}.${part(claimed)}`;
    return `${input}.${createHmac(hash, key).update(input).digest("base64url")}`;
  };
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
  const options = (algorithm: jwt.Algorithm) => ({ algorithm, header: { ...header, alg: algorithm } as jwt.JwtHeader });
  const last = signature.at(-1) ?? "";
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

  return {
    "alg none, unsigned": `${part({ ...header, alg: "none" })}.${body}.`,
    "alg None, with the signature": `${part({ ...header, alg: "None" })}.${body}.${signature}`,
    "alg nOnE, unsigned": `${part({ ...header, alg: "nOnE" })}.${body}.`,
    "alg missing": sign(claims, headless("alg")),
    "alg null": sign(claims, { ...header, alg: null }),
    "alg a list": sign(claims, { ...header, alg: ["HS256"] }),
    "alg HS384": sign(claims, { ...header, alg: "HS384" }, current, "sha384"),
    "alg HS512": sign(claims, { ...header, alg: "HS512" }, current, "sha512"),
    "alg HS512 that is HS256": sign(claims, { ...header, alg: "HS512" }),
    "alg in small letters": sign(claims, { ...header, alg: "hs256" }),
    "RS256 by a key of their own": jwt.sign(claims, rsa.privateKey, options("RS256")),
    "PS256 by a key of their own": jwt.sign(claims, rsa.privateKey, options("PS256")),
    "ES256 by a key of their own": jwt.sign(claims, ec.privateKey, options("ES256")),
    "HS256 by a public key": sign(claims, header, pem),
    "RS256 in the header, HS256 by our secret": sign(claims, { ...header, alg: "RS256" }),
    "a key in the header": sign(claims, { ...header, jwk: { kty: "oct", k: "AA" } }, "AA"),
    "an address of keys in the header": sign(claims, { ...header, jku: "https://evil.example/keys" }, "evil"),
    "an empty key": sign(claims, header, ""),
    "a key of zeros": sign(claims, header, Buffer.alloc(32)),
    "another secret": sign(claims, header, "another secret that is long enough"),
    "the previous secret under the kid of this one": sign(claims, header, previous),
    "this secret under no kid": sign(claims, headless("kid")),
    "an unknown kid": sign(claims, { ...header, kid: "0123456789ab" }),
    "an empty kid": sign(claims, { ...header, kid: "" }),
    "a kid from the prototype": sign(claims, { ...header, kid: "__proto__" }, "[object Object]"),
    "a kid that is a path": sign(claims, { ...header, kid: "../../../dev/null" }, ""),
    "a kid that is SQL": sign(claims, { ...header, kid: "' or ''='" }),
    "a kid of a wrong type": sign(claims, { ...header, kid: { $ne: null } }),
    "the kid of a secret that was removed": old.parts.tokens.sign({
      userId: ann.user.id,
      sessionId: String(claims["sid"]),
    }).token,
    "typ JWT": sign(claims, { ...header, typ: "JWT" }),
    "no typ": sign(claims, headless("typ")),
    "no header": `.${body}.${signature}`,
    "a header that is a list": sign(claims, [header]),
    "another aud": sign({ ...claims, aud: "elsewhere" }),
    "no aud": sign(without("aud")),
    "another iss": sign({ ...claims, iss: "elsewhere" }),
    "no iss": sign(without("iss")),
    "expired a second ago": sign({ ...claims, iat: now() - 901, exp: now() - 1 }),
    "expired long ago": sign({ ...claims, iat: 1, exp: 2 }),
    "no end": sign(without("exp")),
    "an end that is text": sign({ ...claims, exp: String(claims["exp"]) }),
    "an end that is no number": sign({ ...claims, exp: null }),
    "an end in fractions": sign({ ...claims, exp: now() + 60.5 }),
    "not yet good": sign({ ...claims, nbf: now() + 60 }),
    "not yet good, as text": sign({ ...claims, nbf: String(now() + 60) }),
    "no subject": sign(without("sub")),
    "a subject that is none": sign({ ...claims, sub: "ann" }),
    "a subject that is a list": sign({ ...claims, sub: [claims["sub"]] }),
    "another subject": sign({ ...claims, sub: randomUUID() }),
    "another user's subject": sign({ ...claims, sub: bobs["sub"] }),
    "no session": sign(without("sid")),
    "a session of nobody": sign({ ...claims, sid: randomUUID() }),
    "another user's session": sign({ ...claims, sid: bobs["sid"] }),
    "no time of issue": sign(without("iat")),
    "claims that are text": sign("ann"),
    "claims that are a list": sign([claims]),
    "claims that are null": sign(null),
    "a later end, not signed": `${head}.${part({ ...claims, exp: now() + 9999 })}.${signature}`,
    "another user, not signed": `${head}.${part({ ...claims, sub: bobs["sub"], sid: bobs["sid"] })}.${signature}`,
    "bob's claims under ann's signature": `${head}.${bob.accessToken.split(".")[1]}.${signature}`,
    "no signature": `${head}.${body}.`,
    "no signature and no dot": `${head}.${body}`,
    "a signature cut short": ann.accessToken.slice(0, -1),
    "half a signature": `${head}.${body}.${signature.slice(0, 20)}`,
    "another spelling of the signature": `${head}.${body}.${signature.slice(0, -1)}${letters[letters.indexOf(last) ^ 1]}`,
    "padding behind the signature": `${ann.accessToken}=`,
    "a fourth part": `${ann.accessToken}.${signature}`,
    "a dot behind": `${ann.accessToken}.`,
    "a dot before": `.${ann.accessToken}`,
    "two tokens in one": `${ann.accessToken}${bob.accessToken}`,
    "dots only": "..",
    "the refresh token": ann.refreshToken,
    "a refresh token of nobody": randomBytes(32).toString("base64url"),
    "an API key of nobody": `rhythm_${randomBytes(16).toString("hex")}`,
    "an API key in capitals": `RHYTHM_${randomBytes(16).toString("hex").toUpperCase()}`,
    "an API key that is too short": "rhythm_0123",
    "an API key and more": `rhythm_${"0".repeat(33)}`,
    "a user's id": ann.user.id,
    "a session's id": String(claims["sid"]),
    junk: "junk",
    "4096 letters": "a".repeat(4096),
  };
}

test.each(Object.keys(doors))("%s lets good tokens in, and no forged one", async (name) => {
  const door = doors[name] as Door;
  const [ann, bob] = [await register(), await register()];
  const forged = forgeries(ann, bob);
  expect(Object.keys(forged).length).toBeGreaterThan(70);

  const said: Record<string, string> = {};
  for (const [kind, token] of Object.entries(forged)) said[kind] = await door(token, ann);

  expect(said).toEqual(Object.fromEntries(Object.keys(forged).map((kind) => [kind, "unauthenticated"])));
  expect(await door(ann.accessToken, ann)).toBe("ok");
  expect(app.complaints).toEqual([]);
});

test("none is taken for a refresh token either", async () => {
  const [ann, bob] = [await register(), await register()];
  const tokens = Object.entries({ ...forgeries(ann, bob), "the access token": ann.accessToken });

  for (const [kind, refreshToken] of tokens) {
    if (kind === "the refresh token") continue;
    const answer = await post(app, "/auth/refresh", { refreshToken });
    // Some are longer than any of ours.
    expect([kind, answer.status]).toEqual([kind, refreshToken.length > 200 ? 422 : 401]);
  }
  expect(await post(app, "/auth/refresh", { refreshToken: ann.refreshToken })).toMatchObject({ status: 200 });
});

/** What ends a session whose token is well made. */
const endings: Record<string, (session: SignedIn) => Promise<unknown>> = {
  "that was signed out": ({ refreshToken }) => post(app, "/auth/logout", { refreshToken }),
  "that was revoked": async (session) => {
    const client = await connect(app.url, asUser(session));
    const [own] = (await client.ok("session.list", {})).items;
    await client.ok("session.revoke", { sessionId: own?.id ?? "" });
  },
  "of a suspended user": ({ user }) => app.setSuspended(user.id, true),
  "that has expired": ({ user }) =>
    app.parts.database.pool.query("update sessions set expires_at = now() where user_id = $1", [user.id]),
  "of a user who is gone": ({ user }) => app.parts.database.pool.query("delete from users where id = $1", [user.id]),
};

test.each(Object.keys(endings))("a token of a session %s opens no door", async (name) => {
  const [ann, bob] = [await register(), await register()];
  await endings[name]?.(ann);

  for (const [door, open] of Object.entries(doors)) {
    expect([door, await open(ann.accessToken, bob)]).toEqual([door, "unauthenticated"]);
  }
  expect(await post(app, "/auth/refresh", { refreshToken: ann.refreshToken })).toMatchObject({ status: 401 });
});

test("while the secrets change places, two instances take each other's tokens; a removed secret's are refused", async () => {
  const { databaseUrl } = app;
  const first = await startAppForTest({ databaseUrl, settings: { ...settings, JWT_SECRET: previous } });
  const swapped = { JWT_SECRET: previous, JWT_PREVIOUS_SECRET: current };
  const second = await startAppForTest({ databaseUrl, settings: { ...settings, ...swapped } });
  const alone = await startAppForTest({ databaseUrl, settings: { ...unlimited, JWT_SECRET: current } });
  const [ann, bob] = [await register(app), await register(second)];
  const kid = ({ accessToken }: SignedIn) => read(accessToken.split(".")[0])["kid"];

  const statuses = async (at: Running) =>
    Promise.all(
      [ann, bob].map(async ({ accessToken: token }) => (await post(at, "/auth/session", undefined, { token })).status),
    );

  expect(kid(ann)).not.toBe(kid(bob));
  expect(await statuses(app)).toEqual([200, 200]);
  expect(await statuses(second)).toEqual([200, 200]);
  expect(await statuses(first)).toEqual([401, 200]);
  expect(await statuses(alone)).toEqual([200, 401]);
});

test("a refresh that is repeated on an instance with the secrets the other way round gets the same answer", async () => {
  const swapped = { ...settings, JWT_SECRET: previous, JWT_PREVIOUS_SECRET: current };
  const other = await startAppForTest({ databaseUrl: app.databaseUrl, settings: swapped });
  const { refreshToken } = await register();

  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => signIn(i % 2 ? app : other, "/auth/refresh", { refreshToken })),
  );

  expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
});

describe.each([
  ["with Redis", inject("redisUrl")],
  ["without Redis", ""],
])("%s", (kind, redisUrl) => {
  const here = test.skipIf(kind === "with Redis" && redisUrl === "");

  here("fifty refreshes at once make one successor; a stale one ends the family on both instances", async () => {
    const databaseUrl = await createDatabase();
    const clock = { ahead: 0 };
    const now = () => new Date(Date.now() + clock.ahead);
    const own = { ...unlimited, ...(redisUrl !== "" && { REDIS_URL: redisUrl }) };
    const pair = [
      await startAppForTest({ databaseUrl, settings: own, now }),
      await startAppForTest({ databaseUrl, settings: own, now }),
    ] as const;
    const ann = await register(pair[0]);
    const { refreshToken } = ann;

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => signIn(pair[i % 2] ?? pair[0], "/auth/refresh", { refreshToken })),
    );
    const successors = new Set(answers.map((answer) => answer.refreshToken));
    const sockets = await Promise.all(pair.map((at) => join(at, answers[0] ?? ann)));
    const closed = sockets.map(endingOf);
    clock.ahead = 11_000;
    const stale = await post(pair[1], "/auth/refresh", { refreshToken });

    expect(successors.size).toBe(1);
    expect(stale).toMatchObject({ status: 401 });
    expect(await Promise.all(closed)).toEqual(["io server disconnect", "io server disconnect"]);
    const [successor] = successors;
    for (const at of pair) {
      expect(await post(at, "/auth/refresh", { refreshToken: successor })).toMatchObject({ status: 401 });
      const { accessToken: token } = answers[0] ?? ann;
      expect(await post(at, "/auth/session", undefined, { token })).toMatchObject({ status: 401 });
    }
  });
});

async function join(at: Running, session: SignedIn): Promise<Client> {
  const client = await connect(at.url, asUser(session));
  onTestFinished(() => client.close());
  return client;
}
