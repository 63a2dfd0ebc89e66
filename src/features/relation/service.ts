import type { Input, Output, Relation, StoredRelation } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { AppError, found, invalid } from "../../kernel/errors.ts";
import { type Tx, transact } from "../../kernel/transact.ts";
import { findIssue } from "../issue/repository/find.ts";
import { checkPresent, missing } from "../issue/service/find.ts";
import { seenAs, toStored } from "./direction.ts";
import { checkChain, checkCount, MAX_RELATIONS } from "./policy.ts";
import { deleteRelation, type End, findEnds, findRelation, insertRelation, listRelations } from "./repository.ts";

export async function listIssueRelations(
  ctx: ProjectContext,
  input: Input<"relation.list">,
): Promise<Output<"relation.list">> {
  const { db, project } = ctx;
  const issue = await findIssue(db, { project, number: input.issue });
  if (!issue) throw await missing(ctx, db, input.issue);
  return { items: await listRelations(db, { project, issueId: issue.id, limit: MAX_RELATIONS }), nextCursor: null };
}

export async function addRelation(ctx: ProjectContext, input: Input<"relation.add">): Promise<Relation> {
  const { project } = ctx;
  if (input.issue === input.target) throw invalid("target", "an issue cannot be related to itself");
  const stored = toStored(input);
  return transact(ctx, project.stream, async (tx) => {
    const ends = await findEnds(tx, { projectId: project.id, relation: stored });
    const source = await present(ctx, tx, ends.source, stored.source);
    const target = await present(ctx, tx, ends.target, stored.target);
    const [here, there] = source.number === input.issue ? [source, target] : [target, source];
    const seen = (relation: { id: string; isSource: boolean }): Relation => ({
      id: relation.id,
      type: seenAs(stored.type, relation.isSource ? "source" : "target"),
      target: toTarget(project.key, there),
    });
    if (here.related) {
      const way = here.related.isSource === (here === source) ? "like this" : "the other way round";
      throw new AppError("conflict", `They are related ${way} already`, { details: { current: seen(here.related) } });
    }
    checkChain(target.chain);
    checkCount(source, target);

    const ids = { projectId: project.id, sourceId: source.id, targetId: target.id };
    const { id } = await insertRelation(tx, { ...ids, type: stored.type });
    tx.emit("relation.added", { relation: { id, ...stored } }, historyOf(project.key, stored, "added"));
    return seen({ id, isSource: here === source });
  });
}

export async function removeRelation(
  ctx: ProjectContext,
  input: Input<"relation.remove">,
): Promise<Output<"relation.remove">> {
  const { project } = ctx;
  return transact(ctx, project.stream, async (tx) => {
    const key = { projectId: project.id, relationId: input.relationId };
    const relation = found(await findRelation(tx, key), "Relation");
    await deleteRelation(tx, relation.id);
    tx.emit("relation.removed", { relation }, historyOf(project.key, relation, "removed"));
    return {};
  });
}

async function present(ctx: ProjectContext, tx: Tx, end: End | undefined, number: number): Promise<End> {
  if (!end) throw await missing(ctx, tx, number);
  checkPresent(end);
  return end;
}

const toTarget = (key: string, { number, title, status, deletedAt }: End): Relation["target"] => ({
  number,
  key: `${key}-${number}`,
  title,
  status,
  deletedAt,
});

/** Both the coming and the going stand in the history of the source: an event belongs to one issue. */
function historyOf(key: string, relation: Omit<StoredRelation, "id">, what: "added" | "removed") {
  const { type, source, target } = relation;
  const name = `${key}-${target}`;
  const change =
    what === "added" ? { from: null, to: target, toName: name } : { from: target, to: null, fromName: name };
  return { issue: source, changes: [{ field: type, ...change }] };
}
