import { randomBytes } from "node:crypto";

const LONGEST = 48;
/** More of one name than anyone numbers by hand; after them comes chance. */
const NUMBERED = 100;

/** A name as ASCII words with `-` between; `fallback` when none of its letters has an ASCII base. */
export function toSlug(name: string, fallback: string): string {
  const ascii = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return trim(ascii.replace(/[^a-z0-9]+/g, "-").slice(0, LONGEST)) || fallback;
}

const trim = (slug: string): string => slug.replace(/^-+|-+$/g, "");

/** `acme`, `acme-2`, `acme-3`...: what to call it while those before are taken. */
export function slugCandidates(slug: string): string[] {
  const suffixes = [
    ...Array.from({ length: NUMBERED - 1 }, (_, i) => `-${i + 2}`),
    `-${randomBytes(4).toString("hex")}`,
  ];
  return [slug, ...suffixes.map((suffix) => trim(slug.slice(0, LONGEST - suffix.length)) + suffix)];
}
