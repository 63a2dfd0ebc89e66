import type { Input, Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { changedData, changesBetween, historyBetween } from "../events.ts";
import { checkRoom, type Place, rankAt } from "../place.ts";
import { mayEdit } from "../policy.ts";
import { findForPlacing } from "../repository/find.ts";
import { updateIssueRow } from "../repository/write.ts";
import { checkPresent, missing } from "./find.ts";

/** Whether a new status takes the issue to another stage: not when it stands in one of that status, or there is none. */
const leavesStage = (issue: Issue, standing: Place | undefined, status: Issue["status"] | undefined): boolean =>
  status !== undefined && standing !== undefined && standing.stageId !== issue.stageId;

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
    const moves = place !== undefined && stageStatus !== patch.status && leavesStage(issue, place, patch.status);
    if (moves) checkRoom(place);
    const fields = { ...patch, ...(moves && { stageId: place.stageId, rank: rankAt(place, "bottom") }) };
    if (Object.keys(changesBetween(issue, { ...issue, ...fields })).length === 0) return issue;

    const after = await updateIssueRow(tx, { project, id: issue.id }, fields);
    const { status, stageId, rank, ...others } = changesBetween(issue, after);
    const history = historyBetween(issue, after, { stageId: { from: stageName, to: place?.name ?? null } });
    const ofStatus = (field: string) => field === "status" || field === "stageId";
    if (status !== undefined) {
      const changes = { status, ...(stageId !== undefined && { stageId }), ...(rank !== undefined && { rank }) };
      tx.emit("issue.status_changed", changedData(after, changes), {
        issue: number,
        changes: history.filter(({ field }) => ofStatus(field)),
      });
    }
    if (Object.keys(others).length > 0) {
      tx.emit("issue.updated", changedData(after, others), {
        issue: number,
        changes: history.filter(({ field }) => !ofStatus(field)),
      });
    }
    return after;
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const definedOnly = <T extends object>(patch: T): Defined<T> =>
  Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Defined<T>;
