import type { Input, Issue, Output } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { found, invalid } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { emitDifferences, toCard } from "../events.ts";
import { checkRoom, type Target } from "../place.ts";
import { ranksBetween } from "../rank.ts";
import { listStanding, type Standing } from "../repository/find.ts";
import type { References } from "../repository/known.ts";
import { updateIssueRows } from "../repository/write.ts";
import { checkChange, definedOnly, namesOf, stageFor } from "./change.ts";
import { checkPresent, missing } from "./find.ts";
import { checkTransition } from "./references.ts";

type Patch = NonNullable<Input<"issue.bulk">["patch"]>;

const union = (present: { id: string }[], add: string[] = [], remove: string[] = []): string[] => [
  ...new Set([...present.map(({ id }) => id), ...add].filter((id) => !remove.includes(id))),
];

/** A row as it stands, with the patch laid over. */
function rowOf({ issue }: Standing, patch: Patch) {
  const { addTagIds, removeTagIds, assigneeIds, ...fields } = definedOnly(patch);
  const { status, type, kind, priority, estimate, stageId, rank, laneId, sprintId, parent } = issue;
  const tagIds = union(issue.tags, addTagIds, removeTagIds);
  const people = assigneeIds ?? issue.assignees.map(({ id }) => id);
  const present = { status, type, kind, priority, estimate, stageId, rank, laneId, sprintId, parent };
  return { id: issue.id, ...present, ...fields, tagIds, assigneeIds: people };
}

/** Changes or moves all of the issues in one step, or none. */
export async function changeIssues(ctx: ProjectContext, input: Input<"issue.bulk">): Promise<Output<"issue.bulk">> {
  const { project } = ctx;
  const { patch = {}, move } = input;
  const numbers = [...new Set(input.issues)];
  if ((move === undefined) === (input.patch === undefined)) throw invalid("patch", "give either patch or move");
  const references: References = definedOnly({
    laneId: patch.laneId,
    sprintId: patch.sprintId,
    tagIds: patch.addTagIds && [...new Set(patch.addTagIds)],
    assigneeIds: patch.assigneeIds && [...new Set(patch.assigneeIds)],
  });
  const target: Target = move ? { stageId: move.stageId } : patch.status ? { status: patch.status } : "own";

  return transact(ctx, project.stream, async (tx) => {
    const byNumber = new Map(
      (await listStanding(tx, { project, numbers, target, references })).map((standing) => [
        standing.issue.number,
        standing,
      ]),
    );
    const all: Standing[] = [];
    for (const number of numbers) {
      const standing = byNumber.get(number);
      if (!standing) throw await missing(ctx, tx, number);
      checkPresent(standing.issue);
      checkChange(standing, definedOnly(patch), references);
      if (move) checkTransition(standing.issue, found(standing.place, "Stage").status, standing.known);
      all.push(standing);
    }
    const goal = all[0]?.place;
    const going = all.filter((standing) => (move ? true : stageFor(standing, patch.status) !== undefined));
    const coming = going.filter(({ issue }) => issue.stageId !== goal?.stageId);
    if (goal && coming.length > 0) checkRoom(goal, coming.length);
    const ranks = goal ? ranksBetween({ low: goal.low, high: null }, going.length) : [];

    const rows = all.map((standing) => {
      const place = going.indexOf(standing);
      const spot = goal && place >= 0 ? { stageId: goal.stageId, rank: ranks[place] ?? goal.low ?? "" } : {};
      return { ...rowOf(standing, patch), ...(move && goal && { status: goal.status }), ...spot };
    });
    const after = new Map((await updateIssueRows(tx, project, rows)).map((issue) => [issue.number, issue]));
    const items = all.map((standing) => {
      const issue: Issue = found(after.get(standing.issue.number), "Issue");
      emitDifferences(tx, standing.issue, issue, { names: namesOf(standing), moved: move !== undefined });
      return toCard(issue);
    });
    return { items };
  });
}
