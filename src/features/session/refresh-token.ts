import { createHash, createHmac, randomBytes } from "node:crypto";
import { deriveKey } from "../../kernel/secrets.ts";

/** 256 random bits: opaque, so its hash needs no salt. */
export const createRefreshToken = (): string => randomBytes(32).toString("base64url");

/** All that is stored of a refresh token. */
export const hashRefreshToken = (token: string): Buffer => createHash("sha256").update(token).digest();

/** The token that follows `token`: derived, so that a repeated refresh gets the same one though only its hash is stored. */
export function deriveSuccessor(secret: string, token: string): string {
  return createHmac("sha256", deriveKey(secret, "refresh token successor")).update(token).digest("base64url");
}
