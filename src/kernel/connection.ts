import type { Connection, Context } from "./context.ts";
import { AppError } from "./errors.ts";

/** The socket that the command came by; over HTTP there is none to push to. */
export const connectionOf = (ctx: Context): Connection => {
  if (ctx.connection) return ctx.connection;
  throw new AppError("invalid", "This command needs a socket", { details: { issues: [] } });
};
