import type { Request, RequestHandler, Response } from "express";
import { type CommandName, commands } from "../../protocol/index.ts";
import type { Caller, Origin } from "../kernel/context.ts";
import { AppError, toAppError } from "../kernel/errors.ts";
import type { Admission, Limits } from "../kernel/limits.ts";

/** Who asks, undefined for nobody, and what the limits said. */
type Entry = { caller: Caller | undefined; admission: Admission };
export type AdmitParts = { authenticate: (token: string) => Promise<Caller>; limits: Limits };

const MAX_AGENT = 200;

/** IPv4 in its own form; the user agent cut where it only goes on listing. */
export const originOf = (req: Request): Origin => ({
  address: req.ip?.replace(/^::ffff:(?=\d+\.)/, "") ?? null,
  userAgent: req.get("user-agent")?.slice(0, MAX_AGENT) || null,
});

/** The token of the Authorization header; undefined without one. */
function tokenOf(req: Request): string | undefined {
  const header = req.get("authorization");
  if (!header) return undefined;
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (token === undefined) throw new AppError("unauthenticated", "Send Authorization: Bearer <token>");
  return token;
}

/** Signs requests in and holds up those that come too fast, before their body is read. */
export function createAdmission({ authenticate, limits }: AdmitParts) {
  const entries = new WeakMap<Request, Entry>();

  async function admitStranger(req: Request, res: Response, name: CommandName): Promise<Admission> {
    return show(res, await limits.admitStranger(name, originOf(req).address));
  }

  async function enter(req: Request, res: Response, name: CommandName): Promise<Entry> {
    // An expired token must not keep anyone from signing in again.
    const isPublic = commands[name].access === "public";
    let caller: Caller | undefined;
    try {
      const token = isPublic ? undefined : tokenOf(req);
      caller = token === undefined ? undefined : await authenticate(token);
    } catch (error) {
      // Whoever shows a bad token is a stranger.
      if (toAppError(error).code === "unauthenticated") await admitStranger(req, res, name);
      throw error;
    }
    const admission = caller ? show(res, await limits.admitCaller(caller)) : await admitStranger(req, res, name);
    return { caller, admission };
  }

  return {
    admit:
      (name: CommandName): RequestHandler =>
      async (req, res, next) => {
        entries.set(req, await enter(req, res, name));
        next();
      },

    callerOf: (req: Request): Caller | undefined => entries.get(req)?.caller,

    /** The answer shows that the request was of someone who is signed in. */
    vouch: async (req: Request): Promise<void> => entries.get(req)?.admission.giveBack(),
  };
}

function show(res: Response, admission: Admission): Admission {
  if (admission.remaining !== undefined) res.set("X-RateLimit-Remaining", String(admission.remaining));
  return admission;
}
