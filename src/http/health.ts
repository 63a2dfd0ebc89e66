import express, { type Router } from "express";
import { asyncapi } from "../../protocol/print-asyncapi.ts";
import { luaStub } from "../../protocol/print-lua-stub.ts";
import { openapi } from "../../protocol/print-openapi.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { version } from "../kernel/package-root.ts";

export type Readiness = { ready: boolean; checks: Record<string, string> };

/** What operators and their tools ask: is it alive, can it work, how is it doing. */
export function createHealthRoutes(parts: { health: () => Promise<Readiness>; metrics: Metrics }): Router {
  const router = express.Router();
  router.get(["/api/v1/health/live", "/health", "/api/health", "/livez"], (_req, res) => {
    res.set("Cache-Control", "no-store").json({ status: "ok", version });
  });
  router.get(["/api/v1/health/ready", "/readyz"], async (_req, res) => {
    const { ready, checks } = await parts.health();
    res
      .set("Cache-Control", "no-store")
      .status(ready ? 200 : 503)
      .json({ status: ready ? "ok" : "unavailable", checks });
  });
  router.get("/metrics", async (_req, res) => {
    const { registry } = parts.metrics;
    res.set("Content-Type", registry.contentType).send(await registry.metrics());
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
