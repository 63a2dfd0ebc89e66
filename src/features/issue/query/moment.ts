import { Time } from "../../../../protocol/index.ts";
import { faultOf } from "./fault.ts";
import type { Value } from "./tokens.ts";

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
type Unit = keyof typeof unitMs;

/** A span of time: both ends in ms since 1970, `from` included, `to` not. An age counts back from now. */
export type Span = { fromMs?: number; toMs?: number } | { youngerThanMs: number } | { olderThanMs: number };

const right = "write <7d or >2w for an age, 2026-01-31, >=2026-01-31 or a time as >2026-01-31T12:00:00Z for a date";

function ageSpan(operator: string, ageMs: number): Span | undefined {
  if (operator.startsWith("<")) return { youngerThanMs: ageMs };
  return operator.startsWith(">") ? { olderThanMs: ageMs } : undefined;
}

/** An age compares with how long ago it was, a date with when: `<7d` is within a week, `>2026-01-01` after that day. */
export function readSpan(value: Value): Span {
  const [, operator = "", text = ""] = /^(<=|>=|<|>|)(.*)$/s.exec(value.text) ?? [];
  const [, count, unit] = /^([1-9]\d{0,3})([mhdw])$/.exec(text) ?? [];
  if (count && unit) {
    const span = ageSpan(operator, Number(count) * unitMs[unit as Unit]);
    if (span) return span;
    throw faultOf(value, `"${value.text}" does not say on which side`, `write <${text} or >${text}`);
  }
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const time = Time.safeParse(isDay ? `${text}T00:00:00Z` : text);
  if (!time.success) throw faultOf(value, `"${value.text}" is no moment`, right);
  const fromMs = Date.parse(time.data);
  // Of a time that is no day, the millisecond.
  const toMs = fromMs + (isDay ? unitMs.d : 1);
  switch (operator) {
    case "<":
      return { toMs: fromMs };
    case "<=":
      return { toMs };
    case ">":
      return { fromMs: toMs };
    case ">=":
      return { fromMs };
    default:
      return { fromMs, toMs };
  }
}

/** Postgres takes no year 0 in this form. */
const toDate = (ms: number): Date => new Date(Math.max(0, ms));

/** The span as moments; undefined ends are open. */
export function spanAt(span: Span, now: Date): { from?: Date; to?: Date } {
  if ("youngerThanMs" in span) return { from: toDate(now.getTime() - span.youngerThanMs) };
  if ("olderThanMs" in span) return { to: toDate(now.getTime() - span.olderThanMs) };
  const { fromMs, toMs } = span;
  return { ...(fromMs !== undefined && { from: toDate(fromMs) }), ...(toMs !== undefined && { to: toDate(toMs) }) };
}
