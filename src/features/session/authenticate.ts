import { LRUCache } from "lru-cache";
import type { Caller, Parts } from "../../kernel/context.ts";
import { AppError } from "../../kernel/errors.ts";
import { authenticateKey } from "../key/authenticate.ts";
import { isSecret } from "../key/secret.ts";
import { mayContinue } from "./policy.ts";
import { findSession } from "./repository/session.ts";

/** Longest that a session can outlive its end when the hint is lost; with the hint it dies at once. */
const TTL_MS = 1000;
const MAX_ENTRIES = 20_000;

export type Authenticator = {
  /** Who shows this access token or API key; `unauthenticated` when it, its session or its user is not good now. */
  authenticate(token: string): Promise<Caller>;
  /** Call it when a session was revoked; with null, when all of someone's were. */
  forget(sessionId: string | null): void;
};

type Needs = Pick<Parts, "db" | "tokens" | "now">;
type Session = Awaited<ReturnType<typeof findSession>>;

export function createAuthenticator({ db, tokens, now }: Needs): Authenticator {
  const cache = new LRUCache<string, { session: Session }>({ max: MAX_ENTRIES, ttl: TTL_MS });
  let generation = 0;

  async function find(sessionId: string): Promise<Session> {
    const known = cache.get(sessionId);
    if (known) return known.session;
    const before = generation;
    const session = await findSession(db, sessionId);
    // A session that was revoked while we read must not be remembered as alive.
    if (before === generation) cache.set(sessionId, { session });
    return session;
  }

  return {
    async authenticate(token) {
      if (isSecret(token)) return authenticateKey({ db, now }, token);
      // The token's own end is checked each time, so what is remembered cannot outlive it.
      const { userId, sessionId, expiresAtMs } = tokens.verify(token);
      const session = await find(sessionId);
      if (!session || session.user.id !== userId || !mayContinue(session.state, now())) {
        throw new AppError("unauthenticated", "The session has ended");
      }
      return { actor: { id: userId, kind: session.user.kind }, sessionId, expiresAtMs };
    },
    forget(sessionId) {
      generation += 1;
      if (sessionId === null) cache.clear();
      else cache.delete(sessionId);
    },
  };
}
