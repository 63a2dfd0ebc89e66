/**
 * An organization after two years: 100,000 issues with their history of a million events, comments, time and sprints. By
 * SQL alone, past the triggers, whose work is done for all rows at once, and with the indexes made afterwards.
 */
import { generateNKeysBetween } from "fractional-indexing";
import type pg from "pg";
import { id, org, projectId, projectRef, projectStream, stageId, userId } from "./seed.ts";
import { statements } from "./tracker-statements.ts";
import { vocabulary, writeTexts } from "./words.ts";

/** Numbers of the projects and their issues. */
export const trackerProjects = new Map(
  [40_000, 20_000, 15_000, 10_000, 8000, 4000, 2000, 1000].map((issues, i) => [201 + i, issues]),
);
const [LARGEST, SMALLEST] = [201, 208];
const SPRINT_DAYS = 14;
/** The last is planned, the one before is active and ends in four days, the others are completed. */
const SPRINTS = 53;
const DAYS = (SPRINTS - 1) * SPRINT_DAYS - 4;
const DAY_MS = 86_400_000;
const COMMENT_TEXTS = 5000;

const stages = ["Todo", "Doing", "Review", "Done", "Closed"] as const;
const idOf = (kind: number, project: number, place: number): string => id(kind, project * 100 + place);

/** What a project's commands may be asked for. */
const subjectsOf = (project: number) => ({
  ref: projectRef(project),
  stream: projectStream(project),
  stage: (name: (typeof stages)[number]) => stageId(project, stages.indexOf(name)),
  sprint: {
    first: idOf(5, project, 0),
    completed: idOf(5, project, SPRINTS - 3),
    active: idOf(5, project, SPRINTS - 2),
  },
  lane: idOf(6, project, 1),
  /** A tag's name is also how many issues have it. */
  tag: { common: "a quarter", rare: "one in 2,000" },
  field: { browser: idOf(8, project, 0), ticket: idOf(8, project, 1) },
  /** An issue with 60 comments, and one with a hundredth of all issues under it. */
  talk: 500,
  parent: 10,
});
export const large = subjectsOf(LARGEST);
export const small = subjectsOf(SMALLEST);

export const PEOPLE = 200;
/** One who does much, one who hardly does anything, one who never did. */
export const person = { busy: userId(1), rare: userId(150), idle: userId(199) };
export const words = {
  /** In one title of the large project. */
  unique: "hippopotamus",
  /** In about four of five issues; in about one of ten; in a few. */
  everywhere: vocabulary[0] ?? "",
  common: vocabulary[20] ?? "",
  rare: vocabulary[12_000] ?? "",
};

/** Drops the indexes of these tables but the unique ones, and makes them again after the work. */
async function withoutIndexes(client: pg.ClientBase, tables: string[], work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
     from pg_index where indrelid = any($1::regclass[]) and not indisunique`,
    [tables],
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  await work();
  for (const { definition } of rows) await client.query(definition);
}

async function withoutTriggers(client: pg.ClientBase, tables: string[], work: () => Promise<void>): Promise<void> {
  for (const table of tables) await client.query(`alter table ${table} disable trigger user`);
  await work();
  for (const table of tables) await client.query(`alter table ${table} enable trigger user`);
}

async function seedProject(client: pg.ClientBase, project: number, issues: number): Promise<void> {
  const began = new Date(Date.now() - DAYS * DAY_MS);
  const at = [project, projectId(project)];
  const titles = writeTexts(issues, [4, 9], project);
  if (project === LARGEST) titles[issues / 2] = `The ${words.unique} in the ${words.everywhere}`;
  const stored = [org.id, `p-${project}`, `T${String.fromCharCode(65 + (project % 26))}`, userId(1), issues];
  await client.query(statements.project, [projectId(project), ...stored]);
  await client.query(statements.stages, [...at, stages]);
  await client.query(statements.sprints, [...at, began, SPRINTS, SPRINT_DAYS]);
  await client.query(statements.lanes, at);
  await client.query(statements.tags, [...at, Object.values(large.tag)]);
  await client.query(statements.fields, at);
  const lives = [
    began,
    issues,
    titles,
    writeTexts(issues, [15, 60], -project),
    generateNKeysBetween(null, null, issues),
  ];
  await client.query("drop table if exists lives");
  await client.query(statements.lives, [...lives, SPRINT_DAYS]);
  await client.query("analyze lives");
  await client.query(statements.issues, at);
  await client.query("drop table if exists told");
  await client.query(statements.told, [projectId(project)]);
  await client.query("analyze told");
  await client.query(statements.issueEvents, at);
  await client.query(statements.sprintEvents, at);
  await client.query(statements.head, [projectStream(project)]);
  await client.query(statements.comments, [projectId(project), writeTexts(COMMENT_TEXTS, [5, 30], project + 1000)]);
  for (const name of ["relations", "timeEntries", "watchers"] as const) {
    await client.query(statements[name], [projectId(project)]);
  }
}

/** On a migrated database with people, whose organization it fills. */
export async function seedTracker(client: pg.ClientBase): Promise<void> {
  await client.query("set work_mem = '256MB'; set maintenance_work_mem = '256MB'; set jit = off");
  await client.query(statements.stageAfter);
  const filled = ["issues", "events", "comments", "time_entries", "watchers", "relations"];
  await withoutIndexes(client, filled, () =>
    withoutTriggers(client, ["issues", "comments"], async () => {
      for (const [project, issues] of trackerProjects) await seedProject(client, project, issues);
    }),
  );
  await withoutIndexes(client, ["issue_texts", "known_words"], async () => {
    await client.query(statements.texts);
    await client.query(statements.knownWords);
  });
  await client.query(statements.notifications, [projectId(LARGEST)]);
  await client.query("vacuum (analyze)");
}
