import type { Change, Input, Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { type Tx, transact } from "../../../kernel/transact.ts";
import { changedData, changesBetween, historyBetween, type Names } from "../events.ts";
import { checkRoom, rankAt } from "../place.ts";
import { mayEdit } from "../policy.ts";
import { findForPlacing } from "../repository/find.ts";
import { updateIssueRow } from "../repository/write.ts";
import { checkPresent, missing } from "./find.ts";

export async function updateIssue(ctx: ProjectContext, input: Input<"issue.update">): Promise<Issue> {
  const { project } = ctx;
  const { issue: number, expect } = input;
  const patch = definedOnly(input.patch);
  return transact(ctx, project.stream, async (tx) => {
    const target = patch.status === undefined ? "own" : { status: patch.status };
    const placing = await findForPlacing(tx, { project, number, target, position: "bottom" });
    if (!placing) throw await missing(ctx, tx, number);
    const { issue, place, stageName, stageStatus } = placing;
    checkPresent(issue);
    if (!mayEdit({ id: ctx.actor.id, role: project.role }, issue, Object.keys(patch))) {
      throw new AppError("forbidden", "Reporters edit title and description of their own issues");
    }
    if (expect !== undefined && expect !== issue.version) {
      throw new AppError("conflict", "The issue changed meanwhile", { details: { current: issue } });
    }
    // A new status takes it to the first stage of that status, unless it stands in one or there is none.
    const isNew = patch.status !== undefined && patch.status !== issue.status;
    const goal = isNew && patch.status !== stageStatus ? place : undefined;
    if (goal) checkRoom(goal);
    const fields = { ...patch, ...(goal && { stageId: goal.stageId, rank: rankAt(goal, "bottom") }) };
    if (Object.keys(changesBetween(issue, { ...issue, ...fields })).length === 0) return issue;

    const after = await updateIssueRow(tx, { project, id: issue.id }, fields);
    emitChanges(tx, issue, after, { stageId: { from: stageName, to: goal?.name ?? null } });
    return after;
  });
}

/** Two events at most: the status with the stage that followed it, and the other fields. */
function emitChanges(tx: Tx, before: Issue, after: Issue, names: Names): void {
  const { status, stageId, rank, ...others } = changesBetween(before, after);
  const history = historyBetween(before, after, names);
  const ofStatus = ({ field }: Change) => field === "status" || field === "stageId";
  if (status !== undefined) {
    const changes = { status, ...(stageId !== undefined && { stageId }), ...(rank !== undefined && { rank }) };
    tx.emit("issue.status_changed", changedData(after, changes), {
      issue: after.number,
      changes: history.filter(ofStatus),
    });
  }
  if (Object.keys(others).length > 0) {
    tx.emit("issue.updated", changedData(after, others), {
      issue: after.number,
      changes: history.filter((change) => !ofStatus(change)),
    });
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const definedOnly = <T extends object>(patch: T): Defined<T> =>
  Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Defined<T>;
