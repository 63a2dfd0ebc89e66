import type { Input, Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { changedData, emitDifferences } from "../events.ts";
import { checkRoom, rankAt, toPosition } from "../place.ts";
import { MAX_RANK_LENGTH, SPREAD_REACH, spread } from "../rank.ts";
import { findStanding, listNeighbours } from "../repository/find.ts";
import { updateIssueRow, updateRanks } from "../repository/write.ts";
import { definedOnly, namesOf } from "./change.ts";
import { checkPresent, missing } from "./find.ts";
import { checkReferences, checkTransition } from "./references.ts";

export async function moveIssue(ctx: ProjectContext, input: Input<"issue.move">): Promise<Issue> {
  const { project } = ctx;
  const position = toPosition(input);
  const target = input.stageId === undefined ? "own" : { stageId: input.stageId };
  const references = definedOnly({ laneId: input.laneId });
  const moved = await transact(ctx, project.stream, async (tx) => {
    const standing = await findStanding(tx, { project, number: input.issue, target, position, references });
    if (!standing) throw await missing(ctx, tx, input.issue);
    const { issue, known } = standing;
    checkPresent(issue);
    checkReferences(issue.kind, references, known);
    const place = found(standing.place, "Stage");
    const rank = rankAt(place, position);
    if (place.stageId !== issue.stageId) checkRoom(place);

    const status = place.stageId === issue.stageId ? issue.status : place.status;
    checkTransition(issue, status, known);
    const row = { stageId: place.stageId, rank, status, ...references };
    const after = await updateIssueRow(tx, project, issue, row);
    emitDifferences(tx, issue, after, { names: namesOf(standing), moved: true });
    return after;
  });
  if (moved.rank.length > MAX_RANK_LENGTH) await spreadRanks(ctx, moved);
  return moved;
}

/** Gives the issues around one short ranks again: a mutation of its own, whose failure leaves the move as it is. */
async function spreadRanks(ctx: ProjectContext, { stageId, rank }: Issue): Promise<void> {
  if (stageId === null) return;
  const apart = { ...ctx, commandId: undefined, receipt: {} };
  await transact(apart, ctx.project.stream, async (tx) => {
    const around = await listNeighbours(tx, { stageId, rank, reach: SPREAD_REACH });
    for (const issue of await updateRanks(tx, spread(around))) {
      tx.emit("issue.moved", changedData(issue, { rank: issue.rank }), { issue: issue.number });
    }
  }).catch((error: unknown) => ctx.log.warn({ err: error, project: ctx.project.ref }, "ranks could not be spread"));
}
