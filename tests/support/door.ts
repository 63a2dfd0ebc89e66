import { once } from "node:events";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { Ack } from "../../protocol/index.ts";
import type { Request as CommandRequest } from "../../src/commands/execute.ts";
import { createHttp, type HttpParts } from "../../src/http/server.ts";
import { readConfig } from "../../src/kernel/config.ts";
import type { Caller } from "../../src/kernel/context.ts";
import { AppError } from "../../src/kernel/errors.ts";
import { createLimits } from "../../src/kernel/limits.ts";
import { createMetrics } from "../../src/kernel/metrics.ts";
import { highLimits } from "./limits.ts";

export const ann: Caller = {
  actor: { id: "0f8fad5b-d9cb-469f-a165-70867728950e", kind: "user" },
  sessionId: null,
  expiresAtMs: Number.POSITIVE_INFINITY,
};
/** A page of this origin may call. */
export const board = "https://board.example";
export const data = { expiresAt: "2026-01-01T00:00:00.000Z" };
export const ok = ({ requestId }: CommandRequest) => ({ ok: true, data, requestId }) as const;

type Answer = (asked: CommandRequest) => Ack | Promise<Ack>;
export type Options = { body?: unknown; headers?: Record<string, string> };

/** The HTTP door on a port of its own; what stands behind it only notes what came, and answers as told. */
export function openDoor() {
  const initial = () => ({
    asked: [] as CommandRequest[],
    logged: [] as Record<string, unknown>[],
    answer: ok as Answer,
    health: (async () => ({ ready: true, checks: { postgres: "ok" } })) as HttpParts["health"],
  });
  const door = { ...initial(), url: "", call, statusOf };
  const config = readConfig({ JWT_SECRET: "x".repeat(32), CORS_ORIGINS: board, NODE_ENV: "test", ...highLimits });
  const parts: HttpParts = {
    config,
    limits: createLimits(config),
    log: pino({ level: "debug" }, { write: (line) => door.logged.push(JSON.parse(line)) }),
    metrics: createMetrics(),
    health: () => door.health(),
    async execute(command) {
      door.asked.push(command);
      return door.answer(command);
    },
    async authenticate(token) {
      if (token !== "ann") throw new AppError("unauthenticated", "The token is not valid");
      return ann;
    },
  };

  async function call(method: string, path: string, { body, headers = {} }: Options = {}) {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(`${door.url}${path}`, {
      method,
      headers: { authorization: "Bearer ann", ...json, ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const received = await response.text();
    const parsed = received === "" ? undefined : JSON.parse(received);
    return { status: response.status, headers: response.headers, body: parsed };
  }

  /** By hand, since fetch refuses some methods. */
  async function statusOf(method: string, path: string): Promise<number> {
    const [response] = await once(request(`${door.url}${path}`, { method }).end(), "response");
    await text(response);
    return response.statusCode;
  }

  beforeAll(async () => {
    const server = createHttp(parts).listen(0, "127.0.0.1");
    await once(server, "listening");
    door.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    afterAll(() => server.close());
  });
  beforeEach(() => {
    Object.assign(door, initial());
  });
  return door;
}
