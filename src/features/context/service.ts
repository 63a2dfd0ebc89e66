import { isDeepStrictEqual } from "node:util";
import type { Input, Output } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { findActivity } from "../activity/repository.ts";
import { findIssue } from "../issue/repository/find.ts";
import { missing } from "../issue/service/find.ts";
import { listRelations } from "../relation/repository.ts";
import { type Bundle, boundBundle } from "./bound.ts";
import { countChildren, listChildren, listLatestComments, listParents, listWatchers } from "./repository.ts";

/** Of each list. */
const MOST = 50;

export async function getIssueContext(
  ctx: ProjectContext,
  input: Input<"issue.context">,
): Promise<Output<"issue.context">> {
  const { project } = ctx;
  return ctx.database.snapshot(async (db) => {
    const issue = await findIssue(db, { project, number: input.issue });
    if (!issue) throw await missing(ctx, db, input.issue);
    // One more than is shown tells whether there is more.
    const ofIssue = { project, issueId: issue.id, parent: issue.number, limit: MOST + 1 };
    const history = { issue: issue.number, actor: undefined, type: undefined, cursor: null, limit: MOST };
    const { items: activity, nextCursor } = await findActivity(db, project, history);
    const parents = await listParents(db, { project, parent: issue.parent });
    const children = await listChildren(db, ofIssue);
    const relations = await listRelations(db, ofIssue);
    const comments = await listLatestComments(db, ofIssue);
    const watchers = await listWatchers(db, ofIssue);
    const progress = await countChildren(db, ofIssue);

    const found: Bundle = {
      issue,
      parents,
      children: children.slice(0, MOST),
      progress,
      relations: relations.slice(0, MOST),
      comments: comments.slice(0, MOST).reverse(),
      activity,
      watchers: watchers.slice(0, MOST),
    };
    const bundle = boundBundle(found);
    const isShort = [children, relations, comments, watchers].some(({ length }) => length > MOST);
    return { ...bundle, truncated: isShort || nextCursor !== null || !isDeepStrictEqual(bundle, found) };
  });
}
