/** Inputs with one thing broken, from the schemas of all commands: each gets a typed refusal, and nothing is written. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type Ack, type CommandName, commands } from "../../protocol/index.ts";
import { findMalformed } from "../../src/commands/well-formed.ts";
import { connect } from "../support/client.ts";
import { connectRaw } from "../support/raw-socket.ts";
import { createUser, createWorld } from "../support/world.ts";
import { placesOf, put, type Schema } from "./places.ts";
import { countRows, faultsIn, openTarget, report, size, type Target, tally } from "./target.ts";

const PAYLOADS = size(4000, 100_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_262);
const AT_ONCE = 64;

const onSocket = (Object.keys(commands) as CommandName[]).filter((name) => commands[name].access !== "public");
const places = onSocket.flatMap((name) => {
  const schema = z.toJSONSchema(commands[name].input, { io: "input" }) as Schema;
  return [[], ...placesOf(schema)].map((path) => ({ name, path }));
});

const nested = (depth: number): unknown => {
  let value: unknown = "deep";
  for (let i = 0; i < depth; i += 1) value = i % 2 ? [value] : { a: value };
  return value;
};
const odd = fc.constantFrom<unknown>(
  ...[
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 31,
    2 ** 53,
    -(2 ** 63),
    1e308,
    1e-320,
    "",
    " ",
    "\0",
    "\ud800",
    "a\0b",
    [],
    [[]],
    {},
  ],
  ...["null", "NaN", "__proto__", "constructor", "x".repeat(20_000), "🙂".repeat(5000), "é́́́".repeat(100)],
  ...[[null], ["x"], Array(3000).fill(0), { length: 1e9 }, { toJSON: 1 }, { $gt: "" }, { "": {} }],
  JSON.parse('{"then":1}'),
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  ...[17, 300, 2000].map(nested),
);
const anything = fc.anything({ maxDepth: 3, maxKeys: 4, withNullPrototype: false, withBigInt: false });
/** Where it is broken, with what, and whether someone waits for the answer. */
const broken = fc.record({
  place: fc.constantFrom(...places),
  value: fc.oneof(odd, anything, fc.string({ unit: "binary" }), fc.double(), fc.jsonValue()),
  surplus: fc.option(fc.string(), { freq: 12 }),
  silent: fc.boolean(),
});

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(async () => {
  expect(await target.stop()).toBe(0);
});

test(`${PAYLOADS} broken payloads of seed ${SEED} are refused, and write nothing`, { timeout: 600_000 }, async () => {
  const { ann, org, project, stream } = await createWorld(target.near, { stages: { todo: ["one"] } });
  const pest = await connect(target.url, ann);
  const bases = Object.fromEntries(
    onSocket.map((name) => {
      const example: Record<string, unknown> = { ...commands[name].example };
      for (const [field, value] of Object.entries({ org, project, stream }))
        if (field in example) example[field] = value;
      return [name, example];
    }),
  );
  const before = await countRows(target);
  const codes: string[] = [];
  const wrong: object[] = [];
  let warm: number | undefined;
  let silent = 0;
  let skipped = 0;

  async function send({ name, input, quiet }: { name: CommandName; input: unknown; quiet: boolean }): Promise<void> {
    if (quiet) {
      silent += 1;
      pest.socket.emit(name, input);
      return;
    }
    const ack: Ack = await pest.send(name, input);
    const code = ack.ok ? "ok" : ack.error.code;
    codes.push(code);
    if (code !== "invalid") wrong.push({ name, input: JSON.stringify(input).slice(0, 300), code });
  }

  let batch: Promise<void>[] = [];
  for (let round = 0; codes.length + silent < PAYLOADS; round += 1) {
    for (const { place, value, surplus, silent: quiet } of fc.sample(broken, { seed: SEED + round, numRuns: 1000 })) {
      const { name, path } = place;
      const changed = put(bases[name], path, value);
      const surplusInput = surplus === null ? changed : put(changed, [`${surplus}!`], value);
      // As JSON carries it.
      const text = JSON.stringify(surplusInput);
      const input: unknown = text === undefined ? null : JSON.parse(text);
      const isFine = !findMalformed(input) && commands[name].input.safeParse(input ?? {}).success;
      if (isFine || (text ?? "").length > 60_000) skipped += 1;
      else batch.push(send({ name, input, quiet }));
      if (batch.length < AT_ONCE) continue;
      await Promise.all(batch);
      batch = [];
    }
    if (codes.length + silent > PAYLOADS / 5) warm ??= target.memory();
  }
  await Promise.all(batch);
  // What nobody waits for has been worked through too when this is answered.
  expect((await pest.ok("session.whoami", {})).user.id).toBe(ann.userId);
  const growth = (target.memory() ?? 0) - (warm ?? 0);
  report("S2 broken payloads", { sent: codes.length + silent, silent, skipped, codes: tally(codes), growthMb: growth });

  expect(wrong.slice(0, 5)).toEqual([]);
  expect(pest.socket.connected).toBe(true);
  expect(await countRows(target)).toEqual(before);
  expect(faultsIn(target.said())).toEqual([]);
  expect(growth).toBeLessThan(120);
  pest.close();
});

test("nesting of 10,000 levels, in every shape, is refused", async () => {
  const { token } = await createUser(target.near, "ann");
  const shapes: [string, string][] = [
    ["[".repeat(10_000), "]".repeat(10_000)],
    ['{"a":'.repeat(10_000), `1${"}".repeat(10_000)}`],
    ['[{"a":'.repeat(6000), `1${"}]".repeat(6000)}`],
  ];
  for (const [begin, end] of shapes) {
    const raw = await connectRaw(target.url, token);
    raw.ws.send(`421["issue.create",${begin}${end}]`);
    expect(await raw.frame(/^431/)).toContain("is nested too deep");
    raw.ws.close();
  }
});

test("bodies over HTTP are refused in the same way", async () => {
  const { token } = await createUser(target.near, "ann");
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const bodies: [CommandName, string][] = [
    ...["[", "[".repeat(10_000), '{"a":'.repeat(9000), '{"a":1}x', "\ufeff{}", "\0", '"\\ud800"', "1e999", "{'a':1}"],
  ].map((body) => ["issue.create", body]);
  for (const { place, value } of fc.sample(broken, { seed: SEED, numRuns: size(300, 5000) })) {
    const text = JSON.stringify(put(commands[place.name].example, place.path, value));
    // Whoever is signed out is refused for another reason.
    const endsSession = place.name === "session.revokeAll";
    if (!endsSession && text !== undefined && text.length < 60_000) bodies.push([place.name, text]);
  }
  const statuses: string[] = [];
  for (const [name, body] of bodies) {
    const { status } = await fetch(`${target.url}/api/v1/commands/${name}`, { method: "POST", headers, body });
    statuses.push(String(status));
  }
  report("S2 bodies over HTTP", { sent: bodies.length, statuses: tally(statuses) });

  expect(Object.keys(tally(statuses)).filter((status) => status.startsWith("5"))).toEqual([]);
  expect(faultsIn(target.said())).toEqual([]);
});
