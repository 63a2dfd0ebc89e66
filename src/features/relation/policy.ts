import { AppError } from "../../kernel/errors.ts";

/** Lists of relations have no pages. */
export const MAX_RELATIONS = 500;

/** What the issues that the target of `blocks` blocks, directly or through others, say against it. */
export type Chain = "leads back" | "too long" | null;

export function checkChain(chain: Chain): void {
  if (chain === "leads back") throw new AppError("conflict", "They would block each other in a circle");
  if (chain === "too long") throw new AppError("conflict", "It blocks too many issues to be sure of no circle");
}

export function checkCount(...ends: { number: number; relationCount: number }[]): void {
  const full = ends.find(({ relationCount }) => relationCount >= MAX_RELATIONS);
  if (full) throw new AppError("conflict", `Issue ${full.number} has ${MAX_RELATIONS} relations: that is the most`);
}
