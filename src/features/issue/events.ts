import type { Card, Change, Issue, IssueChanges } from "../../../protocol/index.ts";

/** An issue as events and boards carry it. */
export function toCard({ description: _, ...card }: Issue): Card {
  return card;
}

/** The data of an event about one issue. */
export const changedData = (issue: Pick<Issue, "number" | "version" | "updatedAt">, changes: IssueChanges) => ({
  number: issue.number,
  version: issue.version,
  updatedAt: issue.updatedAt,
  changes,
});

const fields = ["title", "description", "status", "type", "kind", "priority", "estimate", "stageId", "rank"] as const;
type Field = (typeof fields)[number];

/** The fields that differ, with their new values. */
export function changesBetween(before: Issue, after: Issue): Partial<Pick<Issue, Field>> {
  return Object.fromEntries(
    fields.filter((field) => before[field] !== after[field]).map((field) => [field, after[field]]),
  );
}

/** What the stages are called. */
export type Names = { stageId?: { from: string | null; to: string | null } };

/** What people read of it: values before and after. A place within a column is no news. */
export function historyBetween(before: Issue, after: Issue, names: Names = {}): Change[] {
  return fields
    .filter((field) => field !== "rank" && before[field] !== after[field])
    .map((field) => {
      const named = field === "stageId" ? names.stageId : undefined;
      return {
        field,
        from: before[field],
        to: after[field],
        ...(named?.from != null && { fromName: named.from }),
        ...(named?.to != null && { toName: named.to }),
      };
    });
}
