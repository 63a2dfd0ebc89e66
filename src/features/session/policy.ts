import type { UserRef } from "../../../protocol/index.ts";

/** How long a refresh token that was just used is answered again, for lost answers and tabs that refresh together. */
const REPLAY_MS = 10_000;

/** What guessers try first, of those that are long enough to pass. */
const commonPasswords = new Set(
  `1234567890 0123456789 0987654321 9876543210 12345678910 123456789a 1111111111 0000000000 1q2w3e4r5t 1qaz2wsx3edc
  q1w2e3r4t5 qwertyuiop qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl123 zxcvbnm123 password12 password123 password1234
  password12345 password123! passw0rd123 p@ssw0rd123 adminadmin administrator changeme123 letmein123 welcome123
  iloveyou123 sunshine123 football123 abcdefghij abcdefghijk rhythmrhythm`.split(/\s+/),
);

/** Not one that guessers try first, nor the e-mail itself. */
export const mayBePassword = (password: string, email: string): boolean =>
  !commonPasswords.has(password.toLowerCase()) && password.toLowerCase() !== email;

/** People sign in by password or code; bots have keys. */
export const maySignIn = (kind: UserRef["kind"], suspendedAt: string | null): boolean =>
  kind === "user" && suspendedAt === null;

export type SessionState = { expiresAt: string; revokedAt: string | null; suspendedAt: string | null };

/** Not revoked, not expired, and its user not suspended. */
export const mayContinue = (session: SessionState, now: Date): boolean =>
  session.revokedAt === null && session.suspendedAt === null && Date.parse(session.expiresAt) > now.getTime();

/** What the event `session.revoked` ends; null: all that its user is signed in by. */
export const endedSession = (data: Record<string, unknown>): string | null =>
  typeof data["sessionId"] === "string" ? data["sessionId"] : null;

export type RefreshState = SessionState & {
  rotatedAt: string | null;
  /** null: what the present secrets would derive was never issued. */
  successor: { rotatedAt: string | null } | null;
};

/**
 * What a presented refresh token leads to: a successor, the same successor again, the end of its session (somebody
 * holds a copy), or nothing. Only `rotate` can be wrong a moment later in the user's favour: stamps are never unset.
 */
export function judgeRefresh(token: RefreshState, now: Date): "rotate" | "repeat" | "reuse" | "refuse" {
  if (!mayContinue(token, now)) return "refuse";
  if (token.rotatedAt === null) return "rotate";
  if (now.getTime() - Date.parse(token.rotatedAt) > REPLAY_MS) return "reuse";
  // The secrets changed between the two uses.
  if (token.successor === null) return "refuse";
  return token.successor.rotatedAt === null ? "repeat" : "reuse";
}
