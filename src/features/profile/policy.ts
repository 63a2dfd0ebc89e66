/** How long whoever signed in by a code may choose a password without the old one, which they may have forgotten. */
const FRESH_MS = 10 * 60_000;

type Proof = { passwordHash: string | null; method: "password" | "code"; createdAt: string };

/** Where there is no old password, or the session has just been opened by way of the e-mail. */
export const mayOmitOld = ({ passwordHash, method, createdAt }: Proof, now: Date): boolean =>
  passwordHash === null || (method === "code" && now.getTime() - Date.parse(createdAt) < FRESH_MS);
