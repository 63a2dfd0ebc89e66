import { type ErrorCode, errorCodes, type WireError } from "../../protocol/index.ts";

type Extras = { details?: Record<string, unknown>; retryAfterMs?: number; cause?: unknown };

/** The one error that is thrown on purpose: `message` is for people, without SQL or paths; the origin goes in `cause`. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, extras: Extras = {}) {
    super(message, { cause: extras.cause });
    this.name = "AppError";
    this.code = code;
    this.details = extras.details;
    this.retryAfterMs = extras.retryAfterMs;
  }
}

/** `value`, or `not_found` naming what is missing. */
export function found<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AppError("not_found", `${what} not found`);
  return value;
}

/** A wrong input field, in the shape that zod's own refusals have. */
export const invalid = (path: string, message: string): AppError =>
  new AppError("invalid", `${path}: ${message}`, { details: { issues: [{ path, message }] } });

/** A field of a thrown database or system error. */
const errorField = (error: unknown, field: "code" | "constraint"): string | undefined => {
  if (!(error instanceof Error) || !(field in error)) return undefined;
  const value: unknown = Reflect.get(error, field);
  return typeof value === "string" ? value : undefined;
};

export const sqlState = (error: unknown): string | undefined => errorField(error, "code");
export const constraintOf = (error: unknown): string | undefined => errorField(error, "constraint");

/** Lost connections, shutdowns, full pools and lock time-outs: the command may be sent again. */
const isUnavailable = (error: unknown, state: string | undefined): boolean =>
  (state !== undefined && /^(08|53|57P0|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|55P03$|40)/.test(state)) ||
  (error instanceof Error &&
    /Connection terminated|timeout exceeded when trying to connect|not queryable/.test(error.message));

/** Whatever was thrown, as an AppError; the only place that knows SQLSTATEs. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const state = sqlState(error);
  if (isUnavailable(error, state)) {
    return new AppError("unavailable", "The database is away; try again", { cause: error, retryAfterMs: 1000 });
  }
  if (state === "23505") return new AppError("conflict", "It exists already", { cause: error });
  // A row that this one needs was deleted meanwhile.
  if (state === "23503") return new AppError("not_found", "What this belongs to is gone", { cause: error });
  // Values of a wrong form can only come from a cursor, which is the client's to keep whole.
  if (state !== undefined && ["22P02", "22003", "22007", "22008"].includes(state))
    return invalid("cursor", "not a cursor of this list");
  // 22021 and 22P05: text that Postgres cannot hold; 57014: statement_timeout.
  if (state === "22021" || state === "22P05")
    return new AppError("invalid", "Text has a character that cannot be stored", { cause: error });
  if (state === "57014")
    return new AppError("unavailable", "It took too long; try again", { cause: error, retryAfterMs: 1000 });
  return new AppError("internal", "Something went wrong on the server", { cause: error });
}

export function toWireError(error: AppError): WireError {
  return {
    code: error.code,
    message: error.message,
    status: errorCodes[error.code].status,
    ...(error.details && { details: error.details }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  };
}
