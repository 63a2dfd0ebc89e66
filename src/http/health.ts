import express, { type Router } from "express";
import { asyncapi } from "../../protocol/print-asyncapi.ts";
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
  for (const [name, print] of Object.entries({ openapi, asyncapi })) {
    let text: string | undefined;
    router.get(`/docs/${name}.json`, (_req, res) => {
      text ??= JSON.stringify(print(version));
      res.type("application/json").send(text);
    });
  }
  return router;
}
