import { createHash, randomBytes } from "node:crypto";

/** Of what is shown in lists: `rhythm_` and eight more, which leaves 96 bits to guess. */
const PREFIX_LENGTH = 15;

export const createSecret = (): string => `rhythm_${randomBytes(16).toString("hex")}`;

export const isSecret = (token: string): boolean => /^rhythm_[0-9a-f]{32}$/.test(token);

/** All that is stored of a secret. */
export const hashSecret = (secret: string): Buffer => createHash("sha256").update(secret).digest();

export const prefixOf = (secret: string): string => secret.slice(0, PREFIX_LENGTH);
