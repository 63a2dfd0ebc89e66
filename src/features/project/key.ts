import { randomBytes } from "node:crypto";

const LONGEST = 6;
const NUMBERED = 99;

/** A short name for issue keys: the word itself, or the initials of several. */
export function toKey(name: string): string {
  const ascii = name.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase();
  const words = ascii.match(/[A-Z0-9]+/g) ?? [];
  const initials = words.map((word) => word.slice(0, 1)).join("");
  const keys = [words.length > 1 ? initials : "", words.join("")].map((text) => text.replace(/^\d+/, ""));
  return shorten(keys.find((key) => key.length > 1) ?? "PRJ");
}

/** A word cut to six letters reads like a slip, cut to four like an abbreviation. */
const shorten = (key: string): string => (key.length > LONGEST ? key.slice(0, 4) : key);

/** `WEB`, `WEB2`, `WEB3`...: what to call it while those before are taken. */
export function keyCandidates(key: string): string[] {
  const suffixes = Array.from({ length: NUMBERED - 1 }, (_, i) => String(i + 2));
  const chance = randomBytes(3).toString("hex").toUpperCase().slice(0, 5);
  return [key, ...suffixes.map((suffix) => key.slice(0, LONGEST - suffix.length) + suffix), `P${chance}`];
}
