// @ts-check
/**
 * A process that runs one script at a time. It does nothing but wait for the server: while a script waits for the answer
 * to a call too, so that calls look like functions. It ends when the server does.
 */
import { readSync, writeSync } from "node:fs";
import { setPriority } from "node:os";
import { openCpuClock } from "./cpu.js";
import { openMachine } from "./machine.js";

/** @import { FromProcess, Result, Start, Stop, ToProcess } from "./messages.ts" */

const [input, output] = [0, 3];
const newline = 10;
/** Below this the system's clock is too coarse, and the time that passed says more. */
const coarseMs = 20;
/** The server has its own, lower, limit of calls; this one keeps a flood of refusals off its thread. */
const maxCalls = 5000;
/** Each line is said at once, for it may be the last before a kill; but a flood of them in larger pieces. */
const [floodLines, gatherMs, gatherSize] = [20, 10, 8 * 1024];

/** What is logged and not yet said. */
let logged = "";
let [toldAt, floodFrom, linesTold] = [0, 0, 0];
function tellLog() {
  if (logged === "") return;
  const text = logged;
  [logged, toldAt] = ["", performance.now()];
  say({ kind: "log", text });
}

/** @param {FromProcess} message */
function say(message) {
  tellLog();
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let from = 0; from < bytes.length; ) from += writeSync(output, bytes, from);
}

let unread = Buffer.alloc(0);

/** Waits for the next message. @returns {ToProcess} */
function hear() {
  const chunk = Buffer.alloc(64 * 1024);
  let end = unread.indexOf(newline);
  while (end < 0) {
    const size = readSync(input, chunk, 0, chunk.length, null);
    // The server has ended, or wants an end.
    if (size === 0) process.exit();
    const from = unread.length;
    unread = Buffer.concat([unread, chunk.subarray(0, size)]);
    end = unread.indexOf(newline, from);
  }
  const message = JSON.parse(unread.toString("utf8", 0, end));
  unread = unread.subarray(end + 1);
  return message;
}

const cpuClock = openCpuClock("self");

/** The job that is running. */
const job = {
  startedAt: 0,
  endsAt: 0,
  waitedMs: 0,
  cpuAtStart: 0,
  cpuLimitMs: 0,
  /** When to look at the CPU clock again; before that the limit cannot be passed. */
  cpuCheckAt: 0,
  /** Bytes that it may still log. */
  logLeft: 0,
  toldBytes: 0,
};
let calls = 0;
let callsAtStart = 0;

const busyMs = () => performance.now() - job.startedAt - job.waitedMs;
function cpuMs() {
  const busy = busyMs();
  return cpuClock && busy > coarseMs ? Math.min(busy, cpuClock.read() - job.cpuAtStart) : busy;
}

/** @returns {Stop | undefined} */
function check() {
  const now = performance.now();
  if (now - toldAt > gatherMs) tellLog();
  if (now >= job.endsAt) return "time_limit";
  if (now < job.cpuCheckAt) return undefined;
  const left = job.cpuLimitMs - cpuMs();
  if (left <= 0) return "cpu_limit";
  job.cpuCheckAt = now + left;
  return undefined;
}

/** @param {string} op @param {string} args @returns {{ ok: boolean, json: string } | Stop} */
function call(op, args) {
  const from = performance.now();
  if (from >= job.endsAt) return "time_limit";
  if (calls - callsAtStart >= maxCalls) {
    return { ok: false, json: JSON.stringify({ code: "rate_limited", message: `more than ${maxCalls} calls` }) };
  }
  calls += 1;
  say({ kind: "call", call: calls, op, args });
  let answer = hear();
  // Answers to calls that nobody waits for any more are dropped.
  while (answer.kind !== "answer" || answer.call !== calls) answer = hear();
  const waited = performance.now() - from;
  job.waitedMs += waited;
  job.cpuCheckAt += waited;
  return "stop" in answer ? answer.stop : answer;
}

/** A line, or as much of it as there is room for. @param {Uint8Array} text */
function log(text) {
  const fits = text.length < job.logLeft;
  const kept = fits ? text : text.subarray(0, job.logLeft);
  job.logLeft -= kept.length + (fits ? 1 : 0);
  // Of a line that is cut, no half of a character.
  const line = new TextDecoder("utf-8", { ignoreBOM: true }).decode(kept, { stream: !fits });
  logged += fits ? `${line}\n` : line;
  const isFlood = performance.now() - floodFrom < gatherMs && linesTold >= floodLines;
  if (performance.now() - floodFrom >= gatherMs) [floodFrom, linesTold] = [performance.now(), 0];
  linesTold += 1;
  if (!isFlood || logged.length > gatherSize) tellLog();
  return fits;
}

/** @param {number} bytes */
function grew(bytes) {
  if (bytes < 2 * job.toldBytes) return;
  job.toldBytes = bytes;
  say({ kind: "grew", bytes });
}

/** @param {Start} start @returns {Result} */
function run({ source, input: given, limits }) {
  const startedAt = performance.now();
  Object.assign(job, {
    startedAt,
    endsAt: startedAt + limits.wallMs,
    waitedMs: 0,
    cpuAtStart: cpuClock?.read() ?? 0,
    cpuLimitMs: limits.cpuMs,
    cpuCheckAt: startedAt + limits.cpuMs,
    logLeft: limits.outputBytes,
    // Smaller ones are not worth a word.
    toldBytes: 1024 * 1024,
  });
  callsAtStart = calls;
  const ending = machine.run(source, given, limits.memoryBytes);
  return { ...ending, cpuMs: cpuMs(), memoryBytes: machine.peak() };
}

const first = hear();
if (first.kind !== "load") throw new Error("nothing to run scripts with");
const machine = await openMachine(first.chunks, { call, log, check, grew });
// Others come first, but not so that a script gets nothing on a full machine; nor before the start, which somebody awaits.
try {
  setPriority(5);
} catch {}
say({ kind: "ready" });
for (;;) {
  const message = hear();
  if (message.kind !== "start") continue;
  try {
    say({ kind: "done", result: run(message), heldBytes: machine.memoryBytes() });
  } catch (error) {
    say({ kind: "broken", message: String(error) });
  }
}
