import express, { type Router } from "express";
import { asyncapi } from "../../protocol/print-asyncapi.ts";
import { luaStub } from "../../protocol/print-lua-stub.ts";
import { openapi } from "../../protocol/print-openapi.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { version } from "../kernel/package-root.ts";

/** `degraded`: all is right, only slower. */
export type Readiness = { ready: boolean; degraded?: boolean; checks: Record<string, string> };

const statusOf = ({ ready, degraded }: Readiness): string => (!ready ? "unavailable" : degraded ? "degraded" : "ok");

/** What operators and their tools ask: is it alive, can it work, how is it doing. */
export function createHealthRoutes(parts: { health: () => Promise<Readiness>; metrics: Metrics }): Router {
  const router = express.Router();
  router.get(["/api/v1/health/live", "/health", "/api/health", "/livez"], (_req, res) => {
    res.set("Cache-Control", "no-store").json({ status: "ok", version });
  });
  router.get(["/api/v1/health/ready", "/readyz"], async (_req, res) => {
    const readiness = await parts.health();
    res
      .set("Cache-Control", "no-store")
      .status(readiness.ready ? 200 : 503)
      .json({ status: statusOf(readiness), checks: readiness.checks });
  });
  router.get("/metrics", async (_req, res) => {
    const { metrics } = parts;
    res.set("Content-Type", metrics.registry.contentType).send(await metrics.print());
  });
  return router;
}

/** The documents of the protocol, made on the first request. */
export function createDocumentRoutes(): Router {
  const router = express.Router();
  const documents = {
    "openapi.json": { type: "json", print: () => JSON.stringify(openapi(version)) },
    "asyncapi.json": { type: "json", print: () => JSON.stringify(asyncapi(version)) },
    "rhythm.lua": { type: "text", print: luaStub },
  };
  for (const [name, { type, print }] of Object.entries(documents)) {
    let text: string | undefined;
    router.get(`/docs/${name}`, (_req, res) => {
      text ??= print();
      res.type(type).send(text);
    });
  }
  return router;
}
