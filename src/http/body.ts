import express, { type Request, type RequestHandler } from "express";
import { type CommandName, commands } from "../../protocol/index.ts";
import { invalid } from "../kernel/errors.ts";

const USUAL_BYTES = 64 * 1024;

function checkType(req: Request): void {
  const content = req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0;
  if (content && req.is("application/json") === false) throw invalid("body", "must be JSON, as application/json");
}

/** Reads JSON bodies up to the size that the command takes; a body of another type is refused, not ignored. */
export function readBody(command: CommandName): RequestHandler {
  const parse = express.json({ limit: commands[command].bodyBytes ?? USUAL_BYTES, strict: true });
  return (req, res, next) => {
    checkType(req);
    parse(req, res, next);
  };
}
