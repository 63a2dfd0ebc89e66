import { AppError } from "../../../kernel/errors.ts";
import type { Value } from "./tokens.ts";

/** What is wrong with a query: which piece, where it begins, and what would be right. */
export type Fault = { token: string; at: number; problem: string; hint?: string | undefined };

export function queryFault({ token, at, problem, hint }: Fault): AppError {
  const message = `${problem} at ${at}${hint === undefined ? "" : `; ${hint}`}`;
  return new AppError("invalid", `q: ${message}`, { details: { issues: [{ path: "q", message }], token, at } });
}

export const faultOf = (value: Value, problem: string, hint?: string): AppError =>
  queryFault({ token: value.text, at: value.at, problem, hint });

export const didYouMean = (name: string | undefined): string | undefined => name && `did you mean ${name}?`;
