import { sql } from "kysely";
import type { Issue } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import { prepare } from "../../../kernel/prepare.ts";
import { issueColumns } from "../columns.ts";
import { type Place, type Position, selectPlace, type Target } from "../place.ts";
import type { Ranked } from "../rank.ts";
import { type Known, type References, selectKnown, toLookUp } from "./known.ts";

type Key = { project: ProjectScope; number: number };

const selectIssue = prepare((db, { project, number }: Key) =>
  db
    .selectFrom("issues")
    .select(issueColumns(project))
    .where("projectId", "=", project.id)
    .where("number", "=", number),
);

export async function findIssue(db: Db, { project, number }: Key): Promise<Issue | undefined> {
  return (await selectIssue(db, { project, number }))[0];
}

/** Whether the number was used once, so that a missing issue is `gone` and not `not_found`. */
export async function wasNumbered(db: Db, { project, number }: Key): Promise<boolean> {
  const row = await db.selectFrom("projects").select("lastIssueNumber").where("id", "=", project.id).executeTakeFirst();
  return row !== undefined && number <= row.lastIssueNumber;
}

/** An issue with all that a change of it must know. */
export type Standing = {
  issue: Issue;
  /** Of the stage where it stands. */
  stageName: string | null;
  stageStatus: Issue["status"] | null;
  /** Where it is to go; undefined: there is no such stage. */
  place: Place | undefined;
  known: Known;
  /** Kinds of its children. */
  childKinds: Issue["kind"][];
};

type Asked = { target?: Target; position?: Position; references?: References };

const childKinds = sql<Issue["kind"][]>`array(
  select distinct c.kind::text from issues c
  where c.project_id = issues.project_id and c.parent = issues.number and c.deleted_at is null
)`;

/** What may be said in words, and so is part of the query, apart from what is said by values. */
function toPlacing(target: Target, position: Position) {
  return {
    form: {
      target: typeof target === "object" ? undefined : target,
      position: typeof position === "object" ? undefined : position,
    },
    target: typeof target === "object" ? target : undefined,
    position: typeof position === "object" ? position : undefined,
  };
}
type Placing = ReturnType<typeof toPlacing> & { project: ProjectScope; moving: number | null; references: References };

const placeOf = ({ project, moving, form, ...at }: Placing) =>
  selectPlace({
    projectId: project.id,
    target: at.target ?? form.target ?? "own",
    position: at.position ?? form.position ?? "bottom",
    moving,
  });

const selectStanding = prepare((db, { numbers, ...placing }: Placing & { numbers: number[] }) =>
  db
    .selectFrom("issues")
    .leftJoin("stages as standing", "standing.id", "issues.stageId")
    .leftJoinLateral(placeOf(placing).as("place"), (join) => join.onTrue())
    .select(issueColumns(placing.project))
    .select([
      "standing.name as stageName",
      "standing.status as stageStatus",
      sql<Place | null>`to_json(place)`.as("place"),
      selectKnown(placing.project, placing.references, sql`from (select issues.lane_id, issues.sprint_id) here`).as(
        "known",
      ),
      childKinds.as("childKinds"),
    ])
    .where("issues.projectId", "=", placing.project.id)
    .where(sql<boolean>`issues.number = any(cast(${numbers} as int[]))`),
);

/** Issues by number, each with the same place, which may count them as neighbours unless there is one only. */
export async function listStanding(
  db: Db,
  { project, numbers, ...asked }: { project: ProjectScope; numbers: number[] } & Asked,
): Promise<Standing[]> {
  const { target = "own", position = "bottom", references = {} } = asked;
  const moving = numbers.length === 1 ? (numbers[0] ?? null) : null;
  const placing = { ...toPlacing(target, position), project, moving, references: toLookUp(references) };
  const rows = await selectStanding(db, { ...placing, numbers });
  return rows.map(({ stageName, stageStatus, place: spot, known, childKinds: kinds, ...issue }) => ({
    issue,
    stageName,
    stageStatus,
    place: spot ?? undefined,
    known,
    childKinds: kinds,
  }));
}

/** One of them. */
export async function findStanding(db: Db, { number, ...asked }: Key & Asked): Promise<Standing | undefined> {
  const [standing] = await listStanding(db, { ...asked, numbers: [number] });
  return standing;
}

const selectPlaceForNew = prepare((db, placing: Placing) =>
  db
    .selectFrom("projects")
    .leftJoinLateral(placeOf(placing).as("place"), (join) => join.onTrue())
    .select([
      sql<Place | null>`to_json(place)`.as("place"),
      selectKnown(placing.project, placing.references).as("known"),
    ])
    .where("projects.id", "=", placing.project.id),
);

/** Where a new issue goes, if there is such a stage, and what is known of what it points at; undefined: no project. */
export async function findPlaceForNew(
  db: Db,
  { project, target, references }: { project: ProjectScope; target: Target; references: References },
): Promise<{ place: Place | null; known: Known } | undefined> {
  const placing = { ...toPlacing(target, "bottom"), project, moving: null, references: toLookUp(references, true) };
  return (await selectPlaceForNew(db, placing))[0];
}

/** Up to `reach` issues above a rank in its stage and up to `reach` from it downwards, top to bottom. */
export async function listNeighbours(
  db: Db,
  { stageId, rank, reach }: { stageId: string; rank: string; reach: number },
): Promise<{ above: Ranked[]; below: Ranked[] }> {
  const column = sql`from issues where column_id = ${stageId}`;
  const { rows } = await sql<Ranked & { isAbove: boolean }>`
    (select id, rank, true as "isAbove" ${column} and rank < ${rank} order by rank desc, number desc limit ${reach})
    union all
    (select id, rank, false ${column} and rank >= ${rank} order by rank, number limit ${reach})`.execute(db);
  return { above: rows.filter(({ isAbove }) => isAbove).reverse(), below: rows.filter(({ isAbove }) => !isAbove) };
}
