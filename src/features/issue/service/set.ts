import type { Input, Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { transact } from "../../../kernel/transact.ts";
import { emitDifferences } from "../events.ts";
import { findStanding } from "../repository/find.ts";
import { updateIssueRow } from "../repository/write.ts";
import { checkChange, namesOf } from "./change.ts";
import { checkPresent, missing } from "./find.ts";

type Wanted = { tagIds: string[] } | { assigneeIds: string[] } | { sprintId: string | null };

/** The order counts for people, not for tags. */
function isSo(issue: Issue, wanted: Wanted): boolean {
  if ("sprintId" in wanted) return issue.sprintId === wanted.sprintId;
  if ("assigneeIds" in wanted) return issue.assignees.map(({ id }) => id).join() === wanted.assigneeIds.join();
  const { tagIds } = wanted;
  return issue.tags.length === tagIds.length && issue.tags.every(({ id }) => tagIds.includes(id));
}

/** What is so already stays, without an event. */
async function setReference(ctx: ProjectContext, number: number, wanted: Wanted): Promise<Issue> {
  const { project } = ctx;
  return transact(ctx, project.stream, async (tx) => {
    const standing = await findStanding(tx, { project, number, references: wanted });
    if (!standing) throw await missing(ctx, tx, number);
    const { issue } = standing;
    checkPresent(issue);
    if (isSo(issue, wanted)) return issue;
    checkChange(standing, {}, wanted);
    const after = await updateIssueRow(tx, project, issue, wanted);
    emitDifferences(tx, issue, after, { names: namesOf(standing), moved: false });
    return after;
  });
}

export const setIssueTags = (ctx: ProjectContext, input: Input<"issue.setTags">): Promise<Issue> =>
  setReference(ctx, input.issue, { tagIds: [...new Set(input.tagIds)] });

export const setIssueAssignees = (ctx: ProjectContext, input: Input<"issue.setAssignees">): Promise<Issue> =>
  setReference(ctx, input.issue, { assigneeIds: [...new Set(input.userIds)] });

export const setIssueSprint = (ctx: ProjectContext, input: Input<"issue.setSprint">): Promise<Issue> =>
  setReference(ctx, input.issue, { sprintId: input.sprintId });
