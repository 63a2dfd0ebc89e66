import type { ErrorRequestHandler, Response } from "express";
import type { Ack, CommandName, WireError } from "../../protocol/index.ts";
import { successStatus } from "../../protocol/routes.ts";
import { AppError, invalid, toAppError, toWireError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/log.ts";
import { requestIdOf } from "./request-context.ts";

function setErrorHeaders(res: Response, { status, retryAfterMs }: WireError): void {
  if (status === 401) res.set("WWW-Authenticate", "Bearer");
  if (status === 429) res.set("X-RateLimit-Remaining", "0");
  if (retryAfterMs !== undefined) res.set("Retry-After", String(Math.ceil(retryAfterMs / 1000)));
}

export function sendError(res: Response, error: WireError): void {
  setErrorHeaders(res, error);
  res
    .set("Cache-Control", "no-store")
    .status(error.status)
    .json({ ok: false, error, requestId: requestIdOf(res) });
}

/** The whole answer of a command, as a socket gets it. A 201 tells that something was made just now. */
function sendAck(res: Response, status: number, ack: Ack & { ok: true }): void {
  res.status(ack.replayed || status === 204 ? 200 : status).json(ack);
}

/** Only the data, as sign-in libraries expect it. */
function sendData(res: Response, status: number, { data }: Ack & { ok: true }): void {
  if (status === 204) res.status(204).end();
  else res.status(status).json(data);
}

export function sendAnswer(res: Response, command: CommandName, ack: Ack, form: "ack" | "data" = "ack"): void {
  if (!ack.ok) sendError(res, ack.error);
  else if (form === "data") sendData(res, successStatus(command), ack);
  else sendAck(res, successStatus(command), ack);
}

const bodyFaults: Record<string, string> = {
  "entity.parse.failed": "is not JSON",
  "charset.unsupported": "must be UTF-8",
  "encoding.unsupported": "must be plain, gzip, deflate or br",
};

const field = (thrown: unknown, name: "status" | "type" | "limit"): unknown =>
  thrown instanceof Error && name in thrown ? Reflect.get(thrown, name) : undefined;

/** What Express and its parsers throw carries an HTTP status; everything below 500 is the client's fault. */
function toRefusal(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const status = field(thrown, "status");
  // What is short as sent, and long when it is unpacked.
  if (status === 413) {
    return new AppError("payload_too_large", `The body is over ${Number(field(thrown, "limit")) / 1024} KiB`);
  }
  if (typeof status !== "number" || status < 400 || status >= 500) return toAppError(thrown);
  if (thrown instanceof URIError) return invalid("path", "is not well encoded");
  return invalid("body", bodyFaults[String(field(thrown, "type"))] ?? "could not be read");
}

/** Whatever a handler threw, as an answer. */
export function answerErrors(log: Logger): ErrorRequestHandler {
  return (thrown, req, res, next) => {
    const error = toRefusal(thrown);
    if (error.code === "internal") log.error({ err: error.cause, requestId: requestIdOf(res) }, "request failed");
    if (res.headersSent) return next(thrown);
    // An unread body would block the connection for the requests after this one.
    req.resume();
    sendError(res, toWireError(error));
  };
}
