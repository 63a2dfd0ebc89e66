/** The HTTP door: turns a request into a command for `execute`, and its answer into a response. No rules live here. */
import express, { type Express } from "express";
import helmet from "helmet";
import { createTrust } from "../kernel/address.ts";
import type { Parts } from "../kernel/context.ts";
import { AppError } from "../kernel/errors.ts";
import { answerErrors } from "./answer.ts";
import { allowOrigins } from "./cors.ts";
import { createDocPages } from "./docs.ts";
import { createDocumentRoutes, createHealthRoutes, type Readiness } from "./health.ts";
import { logRequests, nameRequest } from "./request-context.ts";
import { type CommandParts, createCommandRoutes } from "./routes.ts";

export type { Readiness } from "./health.ts";

export type HttpParts = Pick<Parts, "config" | "log" | "metrics"> &
  CommandParts & {
    health: () => Promise<Readiness>;
  };

const protect = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      imgSrc: ["'self'", "data:", "https:"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  // Whoever ends TLS decides this; many instances live on plain HTTP in a private network.
  strictTransportSecurity: false,
});

export function createHttp(parts: HttpParts): Express {
  const { config, log, metrics } = parts;
  const app = express();
  app.set("trust proxy", createTrust(config.TRUST_PROXY));
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(nameRequest, logRequests(log, metrics), protect, allowOrigins(config.CORS_ORIGINS));
  app.use(createHealthRoutes(parts), createDocPages());
  app.use("/api/v1", (_req, res, next) => {
    res.set("Cache-Control", "no-store");
    next();
  });
  app.use("/api/v1", createDocumentRoutes(), createCommandRoutes(parts));
  app.use((req) => {
    throw new AppError("not_found", `There is nothing at ${req.method} ${req.path.slice(0, 200)}`);
  });
  app.use(answerErrors(log));
  return app;
}
