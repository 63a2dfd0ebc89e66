import type { Issue } from "../../../../protocol/index.ts";
import { AppError, found, invalid } from "../../../kernel/errors.ts";
import { mayTransit } from "../../workflow/policy.ts";
import { mayStandUnder } from "../policy.ts";
import type { Known, References } from "../repository/known.ts";

/** Throws unless everything named exists here and takes an issue of that kind. */
export function checkReferences(kind: Issue["kind"], wanted: References, known: Known): void {
  const { laneId, sprintId, parent, tagIds, assigneeIds } = wanted;
  if (typeof laneId === "string") found(known.names[laneId], "Lane");
  if (typeof sprintId === "string") {
    const state = found(known.sprintState, "Sprint");
    if (kind === "epic") throw invalid("sprintId", "epics stay out of sprints");
    if (state === "completed") throw new AppError("conflict", "The sprint is completed");
  }
  if (typeof parent === "number" && !mayStandUnder(kind, found(known.parentKind, "Parent"))) {
    throw invalid("parent", `a ${kind} does not stand under a ${known.parentKind}`);
  }
  if (tagIds && known.tagCount !== tagIds.length) throw new AppError("not_found", "Tag not found");
  if (assigneeIds && known.insiderCount !== assigneeIds.length) {
    throw invalid("assigneeIds", "someone is not a member of this project");
  }
}

/** Throws `transition_refused` when the workflow does not let the issue take this status. */
export function checkTransition(issue: Pick<Issue, "kind" | "status">, to: Issue["status"], known: Known): void {
  const { kind, status: from } = issue;
  if (mayTransit(known.transitions, { kind, from, to })) return;
  throw new AppError("transition_refused", `The workflow does not let a ${kind} go from ${from} to ${to}`, {
    details: { from, to, transitions: known.transitions },
  });
}
