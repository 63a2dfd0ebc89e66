import { randomUUID } from "node:crypto";
import type { RequestHandler, Response } from "express";
import type { Logger } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";

const acceptable = /^[\w.:-]{1,100}$/;

/** The id that each answer carries, as header and in its body. */
export const requestIdOf = (res: Response): string => String(res.getHeader("x-request-id"));

/** Takes the client's request id over, or makes one. */
export const nameRequest: RequestHandler = (req, res, next) => {
  const given = req.get("x-request-id") ?? "";
  res.setHeader("X-Request-Id", acceptable.test(given) ? given : randomUUID());
  next();
};

/** One count and one line for each request; without the query, which people type. */
export function logRequests(log: Logger, metrics: Metrics): RequestHandler {
  return (req, res, next) => {
    const started = performance.now();
    const path = req.path;
    res.once("close", () => {
      metrics.httpResponses.inc({ status: `${Math.floor(res.statusCode / 100)}xx` });
      log.debug(
        {
          requestId: requestIdOf(res),
          method: req.method,
          path,
          status: res.statusCode,
          finished: res.writableFinished,
          ms: performance.now() - started,
        },
        "request",
      );
    });
    next();
  };
}
