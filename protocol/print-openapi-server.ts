import { type Json, json } from "./print-openapi-operations.ts";

const plain = (operationId: string, summary: string, responses: Json): Json => ({
  get: { operationId, tags: ["server"], summary, security: [], responses },
});
const document = { 200: { description: "The document.", content: json({ type: "object" }) } };
const live = {
  200: {
    description: "It runs.",
    content: json({
      type: "object",
      properties: { status: { const: "ok" }, version: { type: "string" } },
      required: ["status", "version"],
    }),
  },
};
const readiness = json({
  type: "object",
  properties: {
    status: { enum: ["ok", "degraded", "unavailable"] },
    checks: { type: "object", additionalProperties: { type: "string" } },
  },
  required: ["status", "checks"],
});
const ready = {
  200: { description: "It can work; `degraded`: all is right, only slower.", content: readiness },
  503: { description: "A part is away; `checks` says which.", content: readiness },
};
const stub = {
  200: { description: "Lua with annotations.", content: { "text/plain": { schema: { type: "string" } } } },
};
const metrics = { 200: { description: "Prometheus text.", content: { "text/plain": { schema: { type: "string" } } } } };

const docPage = { 200: { description: "The page.", content: { "text/html": { schema: { type: "string" } } } } };

/** What the server tells about itself; no command stands behind it. */
export const serverPaths: Json = {
  "/api/v1/health/live": plain("live", "Does the process run?", live),
  "/api/v1/health/ready": plain("ready", "Can it serve? Postgres, migrations, Redis.", ready),
  "/health": plain("live_health", "The same as /api/v1/health/live.", live),
  "/api/health": plain("live_api_health", "The same as /api/v1/health/live.", live),
  "/livez": plain("live_livez", "The same as /api/v1/health/live.", live),
  "/readyz": plain("ready_readyz", "The same as /api/v1/health/ready.", ready),
  "/metrics": plain("metrics", "Metrics for Prometheus.", metrics),
  "/api/v1/docs/openapi.json": plain("openapi", "This document.", document),
  "/api/v1/docs/asyncapi.json": plain("asyncapi", "The commands, events and pushes of the socket.", document),
  "/api/v1/docs/rhythm.lua": plain("lua_stub", "The Lua API of scripts, for editors.", stub),
  "/docs/rest": plain("rest_page", "This document as a page.", docPage),
  "/docs/socket": plain("socket_page", "The commands, events and pushes of the socket as a page.", docPage),
};
