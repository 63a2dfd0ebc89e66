import { sql } from "kysely";
import type { Issue, Relation, StoredRelation } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";
import { type StoredType, seenAs } from "./direction.ts";
import type { Chain } from "./policy.ts";

/** Most issues that are looked at for a cycle: about 50 ms under the stream's lock. */
const MAX_CHAIN = 10_000;

/** Up to `limit` relations of an issue, oldest first. */
export async function listRelations(
  db: Db,
  of: { project: Pick<ProjectScope, "key">; issueId: string; limit: number },
): Promise<Relation[]> {
  const { project, issueId, limit } = of;
  const isSource = sql<boolean>`relations.source_id = ${issueId}`;
  const otherId = sql<string>`case when ${isSource} then relations.target_id else relations.source_id end`;
  const rows = await db
    .selectFrom("relations")
    .innerJoin("issues", (join) => join.on("issues.id", "=", otherId))
    .select(["relations.id", "relations.type", isSource.as("isSource")])
    .select(["issues.number", "issues.title", "issues.status", "issues.deletedAt"])
    .where((eb) => eb.or([eb("sourceId", "=", issueId), eb("targetId", "=", issueId)]))
    .orderBy("relations.createdAt")
    .orderBy("relations.id")
    .limit(limit)
    .execute();
  return rows.map(({ id, type, isSource: here, number, ...target }) => ({
    id,
    type: seenAs(type, here ? "source" : "target"),
    target: { number, key: `${project.key}-${number}`, ...target },
  }));
}

/** One of the two issues of a relation that is to be. */
export type End = Pick<Issue, "id" | "number" | "title" | "status" | "deletedAt"> & {
  relationCount: number;
  /** They are related in this way already, in this direction or the other. */
  related: { id: string; isSource: boolean } | null;
  /** Only told of the target of `blocks`. */
  chain: Chain;
};

/** Both ends, as far as they exist, and what speaks against relating them. */
export async function findEnds(
  db: Db,
  { projectId, relation }: { projectId: string; relation: Omit<StoredRelation, "id"> },
): Promise<{ source: End | undefined; target: End | undefined }> {
  const { type, source, target } = relation;
  const otherId = sql`(
    select o.id from issues o where o.project_id = issues.project_id and o.number in (${source}, ${target}) and o.id <> issues.id
  )`;
  const related = sql<End["related"]>`(
    select json_build_object('id', r.id, 'isSource', r.source_id = issues.id) from relations r
    where r.type = ${type}
      and ((r.source_id = issues.id and r.target_id = ${otherId}) or (r.target_id = issues.id and r.source_id = ${otherId}))
    limit 1
  )`;
  const chain = sql<Chain>`case when issues.number = ${target} and ${type} = 'blocks' then (
    with recursive blocked(id) as (
      select issues.id
      union
      select r.target_id from blocked join relations r on r.source_id = blocked.id and r.type = 'blocks'
    ), looked_at as (select id from blocked limit ${sql.lit(MAX_CHAIN)})
    select case when bool_or(id = ${otherId}) then 'leads back' when count(*) = ${sql.lit(MAX_CHAIN)} then 'too long' end
    from looked_at
  ) end`;
  const rows = await db
    .selectFrom("issues")
    .select(["id", "number", "title", "status", "deletedAt"])
    .select([related.as("related"), chain.as("chain")])
    .select(
      sql<number>`(
        select count(*)::int from relations r where r.source_id = issues.id or r.target_id = issues.id
      )`.as("relationCount"),
    )
    .where("projectId", "=", projectId)
    .where("number", "in", [source, target])
    .execute();
  return {
    source: rows.find(({ number }) => number === source),
    target: rows.find(({ number }) => number === target),
  };
}

type NewRelation = { projectId: string; type: StoredType; sourceId: string; targetId: string };

export async function insertRelation(tx: Tx, relation: NewRelation): Promise<{ id: string }> {
  // Not now(): relations that share a transaction keep their order.
  const values = { ...relation, createdAt: sql<string>`clock_timestamp()` };
  return tx.insertInto("relations").values(values).returning("id").executeTakeFirstOrThrow();
}

export async function findRelation(
  db: Db,
  key: { projectId: string; relationId: string },
): Promise<StoredRelation | undefined> {
  return db
    .selectFrom("relations")
    .innerJoin("issues as source", "source.id", "relations.sourceId")
    .innerJoin("issues as target", "target.id", "relations.targetId")
    .select(["relations.id", "relations.type", "source.number as source", "target.number as target"])
    .where("relations.id", "=", key.relationId)
    .where("relations.projectId", "=", key.projectId)
    .executeTakeFirst();
}

export async function deleteRelation(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom("relations").where("id", "=", id).execute();
}
