import type { RequestHandler } from "express";
import { AppError } from "../kernel/errors.ts";

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
const takes = "Authorization, Content-Type, Idempotency-Key, X-Request-Id";
const gives = "X-Request-Id, Retry-After, X-RateLimit-Remaining";

/** Lets pages of the origins listed read the answers. Tokens travel in a header, so no credentials are needed. */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  return (req, res, next) => {
    res.vary("Origin");
    const origin = req.get("origin");
    const allowed = origin !== undefined && origins.includes(origin);
    if (allowed) res.set({ "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": gives });
    const preflight = req.method === "OPTIONS" && origin !== undefined && req.get("access-control-request-method");
    if (!preflight) return next();
    if (!allowed) throw new AppError("forbidden", "This origin is not in CORS_ORIGINS", { details: { origin } });
    res.set({
      "Access-Control-Allow-Methods": methods,
      "Access-Control-Allow-Headers": takes,
      "Access-Control-Max-Age": "600",
    });
    res.status(204).end();
  };
}
