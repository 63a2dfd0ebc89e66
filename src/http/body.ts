import express, { type RequestHandler } from "express";
import { invalid } from "../kernel/errors.ts";

const LIMIT = "64kb";

const hasContent: RequestHandler = (req, _res, next) => {
  const content = req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0;
  if (content && req.is("application/json") === false) throw invalid("body", "must be JSON, as application/json");
  next();
};

/** Reads JSON bodies; a body of another type is refused, not ignored. */
export const readBody: RequestHandler[] = [hasContent, express.json({ limit: LIMIT, strict: true })];
