/**
 * Tries to sign in, from a process of its own that does little else, so that what it costs is not taken for the
 * server's; see flood.ts for what it is told and answers. Each try is from another address and for another account, so
 * that no limit of either helps, and waits for no answer but that of its own connection.
 */
import net from "node:net";
import type { FloodCount, FloodPlan } from "./flood.ts";

const count = { answered: 0, hashed: 0 };
let underWay = 0;
const free: net.Socket[] = [];

const address = (): string => Array.from({ length: 4 }, () => Math.floor(Math.random() * 256)).join(".");

function tryOne(): string {
  const body = JSON.stringify({ email: `${Math.random()}@bench.example`, password: "wrong password" });
  return [
    "POST /api/v1/auth/login HTTP/1.1",
    "Host: 127.0.0.1",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    `X-Forwarded-For: ${address()}`,
    "",
    body,
  ].join("\r\n");
}

function open(port: number): net.Socket {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true });
  // Answers are small: each comes in one piece, or its head does.
  socket.on("data", (bytes) => {
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(bytes.toString("latin1", 0, 12)) ?? [];
    if (status === undefined) return;
    underWay -= 1;
    count.answered += 1;
    // A wrong password was compared.
    if (status === "401") count.hashed += 1;
    free.push(socket);
  });
  return socket;
}

/** Tells what was answered until now, once no try is left in the server. */
function stop(startedAt: number): void {
  const told: FloodCount = { ...count, seconds: (performance.now() - startedAt) / 1000 };
  setInterval(() => {
    if (underWay === 0) process.send?.(told, () => process.exit());
  }, 100);
}

process.once("message", ({ port, perSecond }: FloodPlan) => {
  const startedAt = performance.now();
  const tries = setInterval(() => {
    underWay += 1;
    (free.pop() ?? open(port)).write(tryOne());
  }, 1000 / perSecond);
  process.once("message", () => {
    clearInterval(tries);
    stop(startedAt);
  });
});
process.once("disconnect", () => process.exit());
