import { createHmac, randomInt, timingSafeEqual } from "node:crypto";
import { deriveKey } from "../../kernel/secrets.ts";

const DIGITS = 6;

/** Six digits, each as likely as any. */
export const createCode = (): string => String(randomInt(10 ** DIGITS)).padStart(DIGITS, "0");

/** All that is stored of a code: with a key, since whoever had the table could try out a million codes. */
export const hashCode = (secret: string, { id, code }: { id: string; code: string }): Buffer =>
  createHmac("sha256", deriveKey(secret, "sign-in code")).update(`${id} ${code}`).digest();

export const isCode = (secrets: readonly string[], shown: { id: string; code: string }, hash: Buffer): boolean =>
  secrets.some((secret) => timingSafeEqual(hashCode(secret, shown), hash));
