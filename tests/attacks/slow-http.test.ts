/** HTTP at its edges: senders that take for ever, requests within requests, headers that lie. */
import { once } from "node:events";
import { connect as openTcp, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultsIn, openTarget, quantile, report, size, type Target } from "./target.ts";

const SLOW = size(60, 500);
/** As long as a slow sender may hold a connection, and what it takes to notice. */
const PATIENCE_MS = 15_000;

let target: Target;
let port: number;
beforeAll(async () => {
  target = await openTarget();
  port = Number(new URL(target.url).port);
});
afterAll(async () => {
  expect(await target.stop()).toBe(0);
});

async function open(): Promise<Socket> {
  const tcp = openTcp(port, "127.0.0.1");
  tcp.on("error", () => undefined);
  await once(tcp, "connect");
  return tcp;
}

const head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
/** Ways to be slow: what is sent at once, and what is sent again and again. */
const slow: Record<string, [string, string]> = {
  "says nothing": ["", ""],
  "a header at a time": ["GET /livez HTTP/1.1\r\nHost: x\r\n", "X-More: y\r\n"],
  "a letter at a time": ["GET /li", "v"],
  "a body at a time": [`${head}Content-Length: 5000\r\n\r\n`, "{"],
  "chunks at a time": [`${head}Transfer-Encoding: chunked\r\n\r\n`, "1\r\n{\r\n"],
  "an upgrade that is never finished": ["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nUpgrade: web", "s"],
};

test(`${SLOW} slow senders are let go, and others are served meanwhile`, { timeout: 90_000 }, async () => {
  const ways = Object.entries(slow);
  const started = performance.now();
  const lasted: Record<string, number[]> = {};
  const senders = Array.from({ length: SLOW }, async (_, i) => {
    const [way, [first, more]] = ways[i % ways.length] ?? ["", ["", ""]];
    const tcp = await open();
    tcp.resume();
    const closed = once(tcp, "close").then(() => performance.now() - started);
    if (first) tcp.write(first);
    const timer = setInterval(() => more && tcp.writable && tcp.write(more), 1000);
    const late = sleep(2 * PATIENCE_MS, Number.POSITIVE_INFINITY, { ref: false });
    const took = await Promise.race([closed, late]);
    clearInterval(timer);
    tcp.destroy();
    lasted[way] = [...(lasted[way] ?? []), took];
  });
  let going = true;
  const waits: number[] = [];
  const others = (async () => {
    while (going) {
      const asked = performance.now();
      expect((await fetch(`${target.url}/livez`)).status).toBe(200);
      waits.push(performance.now() - asked);
      await sleep(100);
    }
  })();

  await Promise.all(senders);
  going = false;
  await others;

  const seconds = Object.fromEntries(
    Object.entries(lasted).map(([way, times]) => [way, Math.round(Math.max(...times) / 100) / 10]),
  );
  report("S15 slow senders", { senders: SLOW, longestSeconds: seconds, othersP95Ms: quantile(waits, 0.95) });
  for (const [way, longest] of Object.entries(seconds)) {
    // A body may come as slowly as it likes until the whole request is late.
    const patience = (way.includes("body") || way.includes("chunks") ? 20_000 : PATIENCE_MS) / 1000;
    expect([way, longest <= patience], `${longest} s`).toEqual([way, true]);
  }
});

/** Sends bytes as they are; gives all that came back until the end, or a moment of silence. */
async function exchange(bytes: string): Promise<string> {
  const tcp = await open();
  let answer = "";
  tcp.on("data", (more) => {
    answer += more.toString("latin1");
  });
  tcp.write(bytes, "latin1");
  await Promise.race([once(tcp, "close"), sleep(400)]);
  tcp.destroy();
  return answer;
}

const statuses = (answer: string): number[] => [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((m) => Number(m[1]));

const inner = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
const post = "POST /api/v1/auth/validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
/** Requests whose end two servers could see at different places. */
const ambiguous: Record<string, string> = {
  "length and chunks": `${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  "chunks and length": `${post}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${inner}`,
  "two lengths": `${post}Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
  "a list of lengths": `${post}Content-Length: 0, ${inner.length}\r\n\r\n${inner}`,
  "a length with a sign": `${post}Content-Length: +0\r\n\r\n${inner}`,
  "a negative length": `${post}Content-Length: -1\r\n\r\n${inner}`,
  "a length in hex": `${post}Content-Length: 0x0\r\n\r\n${inner}`,
  "chunks by another name": `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
  "chunks twice": `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${inner}`,
  "a space before the colon": `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`,
  "a tab in the name": `${post}Transfer\tEncoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  "a folded header": `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${inner}`,
  "bare line feeds": `${post.replaceAll("\r\n", "\n")}Transfer-Encoding: chunked\n\n0\n\n${inner}`,
  "a bare carriage return": `${post}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
  "a NUL in a header": `${post}X: a\0b\r\n\r\n${inner}`,
  "a chunk size too large": `${post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n${inner}`,
  "a negative chunk size": `${post}Transfer-Encoding: chunked\r\n\r\n-1\r\n${inner}`,
  "a chunk that is longer than it says": `${post}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n${inner}`,
  "an endless chunk extension": `${post}Transfer-Encoding: chunked\r\n\r\n1;${"x".repeat(40_000)}\r\n{\r\n`,
};

test.each(Object.keys(ambiguous))("a request with %s smuggles no other", async (way) => {
  const answer = await exchange(ambiguous[way] ?? "");

  expect(answer).not.toContain("/smuggled");
  for (const status of statuses(answer)) expect([400, 413, 422, 431]).toContain(status);
});

/** Requests that are only strange. */
const strange: Record<string, string> = {
  "no host": "GET /livez HTTP/1.1\r\n\r\n",
  "two hosts": "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "a host of another": "GET /nowhere HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  "a host that is markup": "GET /nowhere HTTP/1.1\r\nHost: <script>evil.example</script>\r\n\r\n",
  "a forwarded host": "GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Forwarded-Host: evil.example\r\n\r\n",
  "an absolute target": "GET http://evil.example/livez HTTP/1.1\r\nHost: x\r\n\r\n",
  "an asterisk": "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
  "a tunnel": "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
  "HTTP 0.9": "GET /livez\r\n\r\n",
  "HTTP 3.7": "GET /livez HTTP/3.7\r\nHost: x\r\n\r\n",
  "the preface of HTTP 2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a method of 5,000 letters": `${"G".repeat(5000)} / HTTP/1.1\r\nHost: x\r\n\r\n`,
  "a path of 30,000 letters": `GET /${"a".repeat(30_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  "20 KB of headers": `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`,
  "3,000 headers": `GET /livez HTTP/1.1\r\nHost: x\r\n${"a: b\r\n".repeat(3000)}\r\n`,
  "a path out of the house": "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
  "the same, encoded": "GET /docs/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
  "a NUL in the path": "GET /docs/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
  "a line break in the path": "GET /nowhere%0d%0aSet-Cookie:%20evil.example HTTP/1.1\r\nHost: x\r\n\r\n",
  "a line break in the request id":
    "GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\nSet-Cookie: evil.example\r\n\r\n",
  "a range": "GET /docs/rest HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0,-1,9999999999999-\r\n\r\n",
  "an expectation": `${post}Expect: 999-whatever\r\nContent-Length: 2\r\n\r\n{}`,
  "an upgrade to something else": "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
  "a socket elsewhere": "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  "only line breaks": "\r\n".repeat(5000),
  "bytes of TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
};

test.each(Object.keys(strange))("%s is no fault of the server", async (way) => {
  const answer = await exchange(strange[way] ?? "");

  for (const status of statuses(answer)) expect(status).toBeLessThan(500);
  expect(answer).not.toMatch(/^set-cookie|root:/im);
  // A not_found may name the path asked for, but nothing leads to the host that was claimed.
  expect(answer.split("\r\n\r\n")[0]).not.toContain("evil.example");
  if (way.includes("host")) expect(answer).not.toContain("evil.example");
  if (way === "20 KB of headers") expect(statuses(answer)).toEqual([431]);
});

test("afterwards it serves as before, and has logged no fault", async () => {
  const ready = await fetch(`${target.url}/readyz`);

  expect(await ready.json()).toMatchObject({ status: "ok" });
  expect(faultsIn(target.said())).toEqual([]);
  const metrics = await (await fetch(`${target.url}/metrics`)).text();
  expect(metrics).not.toContain('status="5xx"');
});
