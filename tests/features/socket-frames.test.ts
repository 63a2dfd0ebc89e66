/** Malformed frames of every layer, from a seed: whoever sends them may be cut off, nobody else notices. */
import { once } from "node:events";
import { connect as openTcp } from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { connectRaw, openRaw, type RawSocket } from "../support/raw-socket.ts";
import { createUser, createWorld } from "../support/world.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261);
const FRAMES = Number(process.env["FUZZ_FRAMES"] ?? 2000);
const SENDERS = 8;

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

/** Numbers from 0 up to `below`, the same ones for the same seed (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Frames that are well or nearly well formed, to be mutilated. */
const wellFormed = (project: string): string[] => [
  "0{}",
  "1",
  "2probe",
  "3",
  "3probe",
  "4",
  "5",
  "6",
  "40",
  '40{"token":"x"}',
  "40/admin,{}",
  "41",
  "41/admin,",
  `42["issue.get",{"project":"${project}","issue":1}]`,
  `4212["issue.create",{"project":"${project}","title":""}]`,
  `42-1["session.whoami",{}]`,
  `4299999999999999999999["session.whoami",{}]`,
  `42/admin,7["session.whoami",{}]`,
  '431["ack that nobody asked for"]',
  '43["no id"]',
  '44{"message":"an error from below"}',
  '44"text"',
  '451-["issue.create",{"_placeholder":true,"num":0}]',
  '451-["issue.create",{"_placeholder":true,"num":-1}]',
  '451-["issue.create",{"_placeholder":true,"num":"length"}]',
  '459-["x",{"_placeholder":true,"num":0}]',
  '461-3[{"_placeholder":true,"num":0}]',
  "45-1-[]",
  "451e1-[]",
  "47[]",
  '42{"not":"an array"}',
  "42[]",
  "42[null]",
  "42[{}]",
  '42["__proto__",{"__proto__":{"polluted":true}}]',
  '42["session.whoami",{"__proto__":{"polluted":true}}]',
  '42["newListener",{}]',
  '42["error","x"]',
  "42[1e999]",
  `42${"[".repeat(5000)}`,
  `42["${"\\ud800".repeat(50)}"]`,
  "\u0000",
  "bAAAA",
  "é🙂",
];

type Frame = string | Buffer;

/** A frame of the list with bytes changed, cut, doubled or joined, or nothing but random bytes. */
function mutilate(choices: string[], pick: (below: number) => number): Frame {
  const base = Buffer.from(choices[pick(choices.length)] ?? "");
  const at = pick(base.length + 1);
  const random = Buffer.from(Array.from({ length: pick(64) }, () => pick(256)));
  const ways: (() => Frame)[] = [
    () => base.toString(),
    () => base.subarray(0, at).toString(),
    () => Buffer.concat([base.subarray(0, at), random.subarray(0, 3), base.subarray(at)]).toString(),
    () => base.toString().repeat(1 + pick(4)),
    () => `${base}${choices[pick(choices.length)]}`,
    () => base,
    () => random,
    () => random.toString("latin1"),
    () => `4${random.toString("latin1")}`,
    () => "",
  ];
  return ways[pick(ways.length)]?.() ?? "";
}

/** Sends its share, each time on a fresh connection when the last one was closed; gives how often that was. */
async function sendFrames(token: string, frames: Frame[], joined: boolean): Promise<number> {
  let raw: RawSocket | undefined;
  let opened = 0;
  for (const frame of frames) {
    if (!raw?.isOpen()) {
      raw = joined ? await connectRaw(app.url, token) : await openRaw(app.url);
      opened += 1;
    }
    raw.ws.send(frame);
    // Time to be cut off, so that the next frame does not go nowhere.
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
  }
  raw?.ws.close();
  return opened;
}

/** Works all the while; gives the slowest answer in ms. */
function workOn(person: Client, project: string): () => Promise<number> {
  let going = true;
  const working = (async () => {
    let slowest = 0;
    for (let i = 0; going; i += 1) {
      const started = performance.now();
      await person.ok("issue.create", { project, title: `${i}` });
      slowest = Math.max(slowest, performance.now() - started);
      await sleep(10);
    }
    return slowest;
  })();
  return () => {
    going = false;
    return working;
  };
}

const socketCount = async (): Promise<number> => (await app.parts.metrics.sockets.get()).values[0]?.value ?? 0;

test(`${FRAMES} malformed frames of seed ${SEED} harm nobody else`, { timeout: 90_000 + 10 * FRAMES }, async () => {
  const { ann, project, stream } = await createWorld(app);
  const pest = await createUser(app, "pest");
  const before = await socketCount();
  const pick = numbersFrom(SEED);
  const choices = wellFormed(project);
  const finish = workOn(ann, project);

  const senders = Array.from({ length: SENDERS }, (_, i) => {
    const frames = Array.from({ length: FRAMES / SENDERS }, () => mutilate(choices, pick));
    return sendFrames(pest.token, frames, i % 2 === 0);
  });
  const opened = (await Promise.all(senders)).reduce((sum, count) => sum + count, 0);
  const slowest = await finish();

  expect(opened).toBeGreaterThan(SENDERS);
  expect(slowest).toBeLessThan(2000);
  expect(app.complaints).toEqual([]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  const { head } = await ann.ok("sync.pull", { stream, after: 0 });
  await ann.caughtUp(stream, head);
  await expect.poll(socketCount).toBe(before);
  const late = await connect(app.url, pest);
  expect((await late.ok("session.whoami", {})).user.id).toBe(pest.userId);
  late.close();
});

test("frames that break the WebSocket protocol itself close the connection and nothing else", async () => {
  const { ann, project } = await createWorld(app);
  const { port } = new URL(app.url);
  const mask = [1, 2, 3, 4];
  const broken: Record<string, number[]> = {
    "a reserved opcode": [0x83, 0x80, ...mask],
    "a reserved bit": [0xc1, 0x80, ...mask],
    "no mask": [0x81, 0x01, 0x34],
    "a fragmented ping": [0x09, 0x80, ...mask],
    "a ping of 126 bytes": [0x89, 0xfe, 0, 126, ...mask, ...Array(126).fill(0)],
    "a continuation of nothing": [0x80, 0x80, ...mask],
    "2^63 bytes announced": [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, ...mask],
    "1 GB announced": [0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, ...mask],
    "text that is not UTF-8": [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28],
    "an invalid close code": [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed],
    "a close frame of one byte": [0x88, 0x81, ...mask, 0],
  };

  for (const bytes of Object.values(broken)) {
    const tcp = openTcp(Number(port), "127.0.0.1");
    tcp.on("error", () => undefined);
    tcp.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await once(tcp, "data");
    tcp.write(Buffer.from(bytes));
    await once(tcp.resume(), "close");
  }

  expect(await ann.ok("project.get", { project })).toMatchObject({ ref: project });
  expect(app.complaints).toEqual([]);
});
