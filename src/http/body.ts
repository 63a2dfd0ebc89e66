import express, { type NextFunction, type Request, type RequestHandler } from "express";
import { type CommandName, commands } from "../../protocol/index.ts";
import { AppError, invalid } from "../kernel/errors.ts";

const USUAL_BYTES = 64 * 1024;

function checkType(req: Request): void {
  const content = req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0;
  if (content && req.is("application/json") === false) throw invalid("body", "must be JSON, as application/json");
}

/** The parser too refuses what is too long, but only when all of it has come. */
function refuseLong(req: Request, limit: number, next: NextFunction): void {
  const refusal = () => new AppError("payload_too_large", `The body is over ${limit / 1024} KiB`);
  if (Number(req.headers["content-length"] ?? 0) > limit) throw refusal();
  let length = 0;
  req.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) next(refusal());
  });
}

function onlyOnce(next: NextFunction): NextFunction {
  let called = false;
  return (error?: unknown) => {
    if (called) return;
    called = true;
    next(error);
  };
}

/** Reads JSON bodies up to the size that the command takes; a body of another type is refused, not ignored. */
export function readBody(command: CommandName): RequestHandler {
  const limit = commands[command].bodyBytes ?? USUAL_BYTES;
  const parse = express.json({ limit, strict: true });
  return (req, res, next) => {
    checkType(req);
    const first = onlyOnce(next);
    refuseLong(req, limit, first);
    parse(req, res, first);
  };
}
