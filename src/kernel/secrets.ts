import { hkdfSync } from "node:crypto";
import type { Config } from "./config.ts";

type Secrets = Pick<Config, "JWT_SECRET" | "JWT_PREVIOUS_SECRET">;

/** The secret to sign with, then the other one that is good too. */
export const secretsOf = ({ JWT_SECRET: current, JWT_PREVIOUS_SECRET: other }: Secrets): string[] =>
  other === undefined ? [current] : [current, other];

/** A key for one purpose only, so that what it signs is good for nothing else. */
export const deriveKey = (secret: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "", `rhythm ${purpose}`, 32));
