import type { Field } from "../../../protocol/index.ts";

type Value = string | number | null;

const day = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const isDay = (value: Value): boolean =>
  typeof value === "string" && day.test(value) && !Number.isNaN(Date.parse(`${value}T00:00:00Z`));
const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** What is wrong with a value for a field; undefined when it fits. Whether a user is a member is asked elsewhere. */
export function misfit({ kind, options }: Pick<Field, "kind" | "options">, value: Value): string | undefined {
  if (value === null) return undefined;
  switch (kind) {
    case "text":
      return typeof value === "string" ? undefined : "must be text";
    case "number":
      return typeof value === "number" ? undefined : "must be a number";
    case "date":
      return isDay(value) ? undefined : "must be a date as 2026-01-31";
    case "select":
      return options.includes(String(value)) ? undefined : `must be one of ${options.join(", ")}`;
    case "user":
      return typeof value === "string" && uuid.test(value) ? undefined : "must be a user id";
  }
}
