import { type RawBuilder, sql } from "kysely";
import { AppError, found, invalid } from "../../kernel/errors.ts";
import type { Stages } from "../../kernel/schema.ts";
import { type Gap, rankBetween } from "./rank.ts";

/** Where in a column, as clients say it. */
export type Position = { after: number } | { before: number } | "top" | "bottom";
/** Which stage: by id, the first of a status, the first of all, or the one where the issue stands. */
export type Target = { stageId: string } | { status: Stages["status"] } | "first" | "own";

/** A stage and the gap in it; `anchorRank` is null when the named neighbour does not stand there. */
export type Place = Gap & {
  stageId: string;
  name: string;
  status: Stages["status"];
  /** null when the stage never refuses. */
  wipLimit: number | null;
  /** Others in it, counted up to the limit. */
  occupancy: number;
  anchorRank: string | null;
};

/** From the two optional fields of `issue.move`. */
export function toPosition(input: {
  issue: number;
  after?: number | null | undefined;
  before?: number | undefined;
}): Position {
  const { issue, after, before } = input;
  if (after !== undefined && before !== undefined) throw invalid("before", "give either after or before");
  if (after === issue) throw invalid("after", "an issue cannot stand below itself");
  if (before === issue) throw invalid("before", "an issue cannot stand above itself");
  if (after === null) return "top";
  if (after !== undefined) return { after };
  return before === undefined ? "bottom" : { before };
}

function chosenStage(target: Target): RawBuilder<unknown> {
  if (target === "own") return sql`s.id = issues.stage_id`;
  if (target === "first") return sql`true`;
  return "stageId" in target ? sql`s.id = ${target.stageId}` : sql`s.status = ${target.status}`;
}

/**
 * One row of Place, for a stage of the project; no row when there is no such stage. `moving` is the number of the
 * issue that is on its way, so no neighbour of itself. However long the column, each part reads one index entry, and
 * the count ends at the limit.
 */
export function selectPlace(at: { projectId: string; target: Target; position: Position; moving: number | null }) {
  const { projectId, target, position, moving } = at;
  const others = sql`from issues o where o.column_id = s.id and o.number is distinct from ${moving}`;
  const rankOf = (number: number) =>
    sql`select o.rank ${others} and o.project_id = ${projectId} and o.number = ${number}`;
  const bottom = sql`select o.rank ${others} order by o.rank desc limit 1`;
  const nothing = sql`select null::text`;
  let [low, high, anchor] = [bottom, nothing, nothing];
  if (position === "top") [low, high] = [nothing, sql`select o.rank ${others} order by o.rank limit 1`];
  else if (typeof position === "object" && "after" in position) {
    anchor = rankOf(position.after);
    [low, high] = [anchor, sql`select o.rank ${others} and o.rank > (${anchor}) order by o.rank limit 1`];
  } else if (typeof position === "object") {
    anchor = rankOf(position.before);
    [low, high] = [sql`select o.rank ${others} and o.rank < (${anchor}) order by o.rank desc limit 1`, anchor];
  }
  return sql<Place>`(
    select s.id as "stageId", s.name, s.status, (${low}) as low, (${high}) as high, (${anchor}) as "anchorRank",
      case when s.wip_mode = 'block' then s.wip_limit end as "wipLimit",
      case when s.wip_mode = 'block' and s.wip_limit is not null
        then (select count(*)::int from (select 1 ${others} order by o.rank limit s.wip_limit) counted) else 0 end as occupancy
    from stages s where s.project_id = ${projectId} and ${chosenStage(target)} order by s.position limit 1
  )`;
}

/** Throws `wip_exceeded` when a blocking stage has no room for `coming` more. */
export function checkRoom(stage: Pick<Place, "stageId" | "name" | "wipLimit" | "occupancy">, coming = 1): void {
  const { stageId, name, wipLimit, occupancy } = stage;
  if (wipLimit === null || occupancy + coming <= wipLimit) return;
  throw new AppError("wip_exceeded", `${name} is full`, { details: { stageId, wipLimit } });
}

/** The rank of the gap; `not_found` when the neighbour that was named does not stand there. */
export function rankAt(place: Place, position: Position): string {
  if (typeof position === "object") found(place.anchorRank, "Neighbour in that stage");
  return rankBetween(place);
}
