import type { Caller, Parts } from "../../kernel/context.ts";
import { AppError } from "../../kernel/errors.ts";
import { endOfSecret } from "./policy.ts";
import { findShownKey } from "./repository.ts";
import { hashSecret } from "./secret.ts";

/**
 * Whoever shows this API key; all refusals read alike. Nothing is remembered: a socket shows its key once, and one
 * that was revoked elsewhere a moment ago is refused.
 */
export async function authenticateKey({ db, now }: Pick<Parts, "db" | "now">, secret: string): Promise<Caller> {
  const key = await findShownKey(db, hashSecret(secret));
  const end = key && endOfSecret(key, now());
  if (!key || end === undefined) throw new AppError("unauthenticated", "The API key is not valid");
  return {
    actor: { id: key.userId, kind: key.kind },
    sessionId: null,
    grant: { keyId: key.id, scopes: key.scopes, projectIds: key.projectIds, orgId: key.orgId },
    expiresAtMs: end,
  };
}
