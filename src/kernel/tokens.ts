import { createHash, createSecretKey } from "node:crypto";
import jwt from "jsonwebtoken";
import { z } from "zod";
import type { Config } from "./config.ts";
import { AppError } from "./errors.ts";
import { secretsOf } from "./secrets.ts";

const Claims = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.int(), iat: z.int() });
export type Claims = { userId: string; sessionId: string; expiresAtMs: number };

export type Tokens = {
  /** A signed access token (JWT, HS256, `typ: at+jwt`). */
  sign(subject: { userId: string; sessionId: string }): { token: string; expiresInSeconds: number };
  /** The claims of a token of ours that is good now; `unauthenticated` for any other. */
  verify(token: string): Claims;
};

const issuer = "rhythm";
const audience = "rhythm";
const keyId = (secret: string): string => createHash("sha256").update(secret).digest("hex").slice(0, 12);

export function createTokens(config: Config, now: () => Date): Tokens {
  const { JWT_SECRET: current, ACCESS_TTL_SECONDS: expiresInSeconds } = config;
  // Made once: of a plain string, each check would first try whether it is a public key, which takes a millisecond.
  const secrets = new Map(secretsOf(config).map((secret) => [keyId(secret), createSecretKey(secret, "utf8")]));
  const signing = createSecretKey(current, "utf8");
  const seconds = () => Math.floor(now().getTime() / 1000);

  return {
    sign({ userId, sessionId }) {
      const claims = { sub: userId, sid: sessionId, iat: seconds(), exp: seconds() + expiresInSeconds };
      const header = { alg: "HS256", typ: "at+jwt", kid: keyId(current) } as const;
      return { token: jwt.sign(claims, signing, { header, issuer, audience }), expiresInSeconds };
    },
    verify(token) {
      const refuse = (cause?: unknown) => new AppError("unauthenticated", "The token is not valid", { cause });
      try {
        const header = jwt.decode(token, { complete: true })?.header;
        const secret = secrets.get(header?.kid ?? "");
        if (!secret || header?.typ !== "at+jwt") throw refuse();
        const options = { algorithms: ["HS256" as const], issuer, audience, clockTimestamp: seconds() };
        const { sub, sid, exp } = Claims.parse(jwt.verify(token, secret, options));
        return { userId: sub, sessionId: sid, expiresAtMs: exp * 1000 };
      } catch (error) {
        throw error instanceof AppError ? error : refuse(error);
      }
    },
  };
}
