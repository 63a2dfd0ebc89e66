/** Subscribers in a process of their own; see crowd.ts for what it is asked and answers. */
import { type Arrivals, type CrowdAnswer, type CrowdRequest, steadyMs } from "./crowd.ts";
import { openWire, type TakePush, type Wire } from "./wire.ts";

type Packet = { bytes: Buffer; first: number; count: number };

const CONNECT_AT_ONCE = 50;
/** Packets that are under way to different subscribers at the same time. */
const REMEMBERED = 8;

const totals: Arrivals = { atMs: 0, packets: 0, events: 0, bytes: 0, gaps: 0, cpuMs: 0 };
const wires: Wire[] = [];
let remembered: Packet[] = [];
let times: Map<number, number[]> | undefined;

function note({ first, count }: Packet): void {
  const at = steadyMs();
  for (let seq = first; seq < first + count; seq += 1) {
    const all = times?.get(seq);
    if (all) all.push(at);
    else times?.set(seq, [at]);
  }
}

/** Each packet goes to all, so it is parsed once and found again by its bytes. */
function readPacket(json: Buffer): Packet {
  const known = remembered.find(({ bytes }) => bytes.equals(json));
  if (known) return known;
  const [name, data] = JSON.parse(json.toString()) as [string, { events?: { seq: number }[] }];
  const events = name === "events" ? (data.events ?? []) : [];
  const first = events[0]?.seq ?? 0;
  for (const [place, { seq }] of events.entries()) if (seq !== first + place) totals.gaps += 1;
  const packet = { bytes: Buffer.from(json), first, count: events.length };
  remembered = [packet, ...remembered.slice(0, REMEMBERED - 1)];
  return packet;
}

function subscriber(): TakePush {
  let next: number | undefined;
  return (json, frameBytes) => {
    const packet = readPacket(json);
    const { first, count } = packet;
    if (count === 0) return;
    if (times) note(packet);
    if (next !== undefined && first !== next) totals.gaps += 1;
    next = first + count;
    totals.packets += 1;
    totals.events += count;
    totals.bytes += frameBytes;
  };
}

async function join(request: Extract<CrowdRequest, { do: "join" }>): Promise<void> {
  const { port, tokens, command, input } = request;
  for (let i = 0; i < tokens.length; i += CONNECT_AT_ONCE) {
    const batch = tokens.slice(i, i + CONNECT_AT_ONCE).map(async (token) => {
      const wire = await openWire({ port, token }, subscriber());
      await wire.ask(command, input);
      wires.push(wire);
    });
    await Promise.all(batch);
  }
}

function count(): Arrivals {
  const lost = wires.filter((wire) => !wire.isOpen()).length;
  if (lost > 0) throw new Error(`${lost} sockets were closed`);
  const { user, system } = process.cpuUsage();
  return { ...totals, atMs: performance.now(), cpuMs: (user + system) / 1000 };
}

async function answer(request: CrowdRequest): Promise<CrowdAnswer> {
  try {
    if (request.do === "join") await join(request);
    if (request.do === "listen") times = new Map();
    const told = request.do === "tell" ? [...(times ?? [])] : undefined;
    if (told) times = undefined;
    return { arrivals: count(), ...(told && { times: told }) };
  } catch (error) {
    return { error: String(error) };
  }
}

process.on("message", (request: CrowdRequest) => {
  void answer(request).then((message) => process.send?.(message));
});
process.on("disconnect", () => process.exit(0));
