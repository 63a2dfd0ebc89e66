/** How many handshakes and sockets there may be. */
import { describe, expect, onTestFinished, test } from "vitest";
import type { WireError } from "../../protocol/index.ts";
import { type Client, connect } from "../support/client.ts";
import { type Running, startAppForTest } from "../support/harness.ts";
import { connectRaw, openRaw } from "../support/raw-socket.ts";
import { createUser } from "../support/world.ts";

/** The error of a refused handshake; "ok" for one that is let in, and stays. */
async function knock(app: Running, token: string, from?: string): Promise<WireError | "ok"> {
  try {
    await join(app, token, from);
    return "ok";
  } catch (error) {
    return (error as { data: WireError }).data;
  }
}

async function join(app: Running, token: string, from?: string): Promise<Client> {
  const options = from === undefined ? {} : { extraHeaders: { "x-forwarded-for": from } };
  const client = await connect(app.url, { userId: "", token }, options);
  onTestFinished(() => client.close());
  return client;
}

const codesOf = (answers: (WireError | "ok")[]): string[] =>
  answers.map((answer) => (answer === "ok" ? answer : answer.code));

const times = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)));

async function oneByOne<T, U>(all: T[], make: (one: T) => Promise<U>): Promise<U[]> {
  const made: U[] = [];
  for (const one of all) made.push(await make(one));
  return made;
}

const refused = (count: number): string[] => Array<string>(count).fill("unauthenticated");

describe("handshakes that are refused", () => {
  const open = (settings: Record<string, string> = {}) =>
    startAppForTest({ settings: { RATE_LIMIT_ADDRESS_PER_MINUTE: "5", ...settings } });

  test("are so many a minute from one address", async () => {
    const app = await open();
    const tokens = ["nonsense", "", `rhythm_${"0".repeat(32)}`, "a.b.c", "nonsense"];

    const first = await oneByOne(tokens, (token) => knock(app, token));
    const next = await knock(app, "nonsense");

    expect(codesOf(first)).toEqual(refused(5));
    expect(next).toMatchObject({ code: "rate_limited", status: 429 });
    const { retryAfterMs = 0 } = next as WireError;
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  test("are no more when they come at once, or by one connection", async () => {
    const app = await open();
    const raw = await openRaw(app.url);
    const answersOf = (code: string) => raw.received.filter((frame) => frame.startsWith("44") && frame.includes(code));

    for (let i = 0; i < 20; i += 1) raw.ws.send('40{"token":"nonsense"}');
    const codes = codesOf(await times(20, () => knock(app, "nonsense")));

    await expect.poll(() => answersOf("").length).toBe(20);
    const all = [...codes, ...answersOf("unauthenticated").map(() => "unauthenticated")];
    expect(all.filter((code) => code === "unauthenticated")).toHaveLength(5);
    expect(codes).toContain("rate_limited");
  });

  test("hurt nobody at that address who has a good token, nor requests over HTTP", async () => {
    const app = await open();
    const ann = await createUser(app, "ann");

    const flood = times(40, () => knock(app, "nonsense"));
    const during = await times(10, () => knock(app, ann.token));
    await flood;
    const after = await times(10, () => knock(app, ann.token));
    const { status } = await fetch(`${app.url}/api/v1/orgs`);

    expect(codesOf(await flood)).toContain("rate_limited");
    expect(codesOf([...during, ...after])).toEqual(Array(20).fill("ok"));
    expect(status).toBe(401);
  });

  test("count for the address that the proxy saw", async () => {
    const app = await open({ TRUST_PROXY: "1" });

    const forged = await times(8, (i) => knock(app, "nonsense", `198.51.100.${i}, 203.0.113.9`));
    const elsewhere = await knock(app, "nonsense", "203.0.113.9, 203.0.113.10");

    expect(codesOf(forged).sort()).toEqual([...Array(3).fill("rate_limited"), ...refused(5)]);
    expect(codesOf([elsewhere])).toEqual(["unauthenticated"]);
  });

  test.each(["0", "10.0.0.0/8"])(
    "with a forwarded address that nobody vouches for too (TRUST_PROXY %s)",
    async (by) => {
      const app = await open({ TRUST_PROXY: by });

      const answers = await times(8, (i) => knock(app, "nonsense", `198.51.100.${i}`));

      expect(codesOf(answers).sort()).toEqual([...Array(3).fill("rate_limited"), ...refused(5)]);
    },
  );

  test("are counted apart behind a proxy that is known by its address", async () => {
    const app = await open({ TRUST_PROXY: "10.0.0.0/8, loopback" });

    const answers = await times(8, (i) => knock(app, "nonsense", `198.51.100.${i}`));

    expect(codesOf(answers)).toEqual(refused(8));
  });
});

describe("sockets of one person", () => {
  const open = (most: string) => startAppForTest({ settings: { RATE_LIMIT_SOCKETS_PER_USER: most } });

  test("are so many, and then fewer are closed", async () => {
    const app = await open("3");
    const [ann, bob] = [await createUser(app, "ann"), await createUser(app, "bob")];
    const [first] = [await join(app, ann.token), await join(app, ann.token), await join(app, ann.token)];

    const fourth = await knock(app, ann.token);
    const other = await knock(app, bob.token);
    first.close();

    expect(fourth).toMatchObject({ code: "rate_limited", status: 429, retryAfterMs: expect.any(Number) });
    expect(other).toBe("ok");
    await expect.poll(() => knock(app, ann.token)).toBe("ok");
    expect(codesOf([await knock(app, ann.token)])).toEqual(["rate_limited"]);
  });

  test("are no more when they come at once", async () => {
    const app = await open("3");
    const ann = await createUser(app, "ann");

    const codes = codesOf(await times(12, () => knock(app, ann.token)));

    expect(codes.sort()).toEqual([...Array(3).fill("ok"), ...Array(9).fill("rate_limited")]);
  });

  test("are counted apart from those of each API key", async () => {
    const app = await open("2");
    const ann = await join(app, (await createUser(app, "ann")).token);
    const keyOf = async () => (await ann.ok("key.create", { label: "for a program" })).secret ?? "";
    const [one, other] = [await keyOf(), await keyOf()];

    const codes = codesOf(await oneByOne([one, one, one, other, other, ann.token], (token) => knock(app, token)));

    expect(codes).toEqual(["ok", "ok", "rate_limited", "ok", "ok", "ok"]);
  });

  test("that were gone before they were let in take no place", async () => {
    const app = await open("2");
    const { token } = await createUser(app, "ann");

    for (let i = 0; i < 10; i += 1) {
      const raw = await openRaw(app.url);
      raw.ws.send(`40${JSON.stringify({ token })}`, () => raw.ws.terminate());
      await raw.closed;
    }

    await expect.poll(() => knock(app, token)).toBe("ok");
    await expect.poll(() => knock(app, token)).toBe("ok");
    expect(codesOf([await knock(app, token)])).toEqual(["rate_limited"]);
  });

  test("that leave take no place, though their connection stays", async () => {
    const app = await open("1");
    const { token } = await createUser(app, "ann");
    const raw = await connectRaw(app.url, token);
    onTestFinished(() => raw.ws.terminate());

    raw.ws.send("41");

    await expect.poll(() => knock(app, token)).toBe("ok");
    expect(codesOf([await knock(app, token)])).toEqual(["rate_limited"]);
    expect(raw.isOpen()).toBe(true);
  });

  test("are any number with 0", async () => {
    const app = await open("0");
    const ann = await createUser(app, "ann");

    expect(codesOf(await times(120, () => knock(app, ann.token)))).toEqual(Array(120).fill("ok"));
  });
});
