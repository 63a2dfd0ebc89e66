import type { Issue } from "../../../../protocol/index.ts";
import { invalid } from "../../../kernel/errors.ts";
import { checkRoom, type Place, rankAt } from "../place.ts";
import { mayStandUnder } from "../policy.ts";
import type { Standing } from "../repository/find.ts";
import type { References } from "../repository/known.ts";
import { checkReferences, checkTransition } from "./references.ts";

/** Fields of a patch that are rows' own values. */
export type Fields = Partial<
  Pick<Issue, "title" | "description" | "status" | "type" | "kind" | "priority" | "estimate">
>;

/** Throws unless the issue may become this kind where it stands: under its parent, over its children, in its sprint. */
function checkKind({ issue, childKinds }: Standing, kind: Issue["kind"], wanted: References): void {
  if (childKinds.some((child) => !mayStandUnder(child, kind))) {
    throw invalid("kind", `its children do not stand under a ${kind}`);
  }
  if (issue.parent !== null && wanted.parent === undefined) {
    throw invalid("kind", "take it from under its parent in the same change");
  }
  if (kind === "epic" && issue.sprintId !== null && wanted.sprintId === undefined) {
    throw invalid("kind", "epics stay out of sprints");
  }
}

/** The stage that a new status takes an issue to; undefined when it stands in one of that status, or there is none. */
export function stageFor(
  { issue, stageStatus, place }: Standing,
  status: Issue["status"] | undefined,
): Place | undefined {
  const isNew = status !== undefined && status !== issue.status;
  return isNew && status !== stageStatus ? place : undefined;
}

/** Throws unless the rules of workflow, hierarchy and references allow the change. */
export function checkChange(standing: Standing, fields: Fields, wanted: References): void {
  const { issue, known } = standing;
  const kind = fields.kind ?? issue.kind;
  if (kind !== issue.kind) checkKind(standing, kind, wanted);
  checkReferences(kind, wanted, known);
  if (fields.status !== undefined) checkTransition(issue, fields.status, known);
}

/** Where a new status puts one issue; throws when there is no room. */
export function placeFor(
  standing: Standing,
  status: Issue["status"] | undefined,
): { stageId: string; rank: string } | undefined {
  const goal = stageFor(standing, status);
  if (!goal) return undefined;
  checkRoom(goal);
  return { stageId: goal.stageId, rank: rankAt(goal, "bottom") };
}

/** What the stages are called that an issue leaves and reaches, besides lanes and sprints. */
export const namesOf = ({ issue, stageName, place, known }: Standing): Record<string, string> => ({
  ...known.names,
  ...(issue.stageId !== null && stageName !== null && { [issue.stageId]: stageName }),
  ...(place && { [place.stageId]: place.name }),
});

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are undefined. */
export const definedOnly = <T extends object>(patch: T): Defined<T> =>
  Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Defined<T>;
