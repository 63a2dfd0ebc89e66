/** Bench data by SQL alone: people, projects and issues in any number, with ids that follow from their numbers. */
import { generateNKeysBetween } from "fractional-indexing";
import type pg from "pg";

export const id = (kind: number, n: number): string => `00000000-0000-4000-800${kind}-${String(n).padStart(12, "0")}`;
export const sqlId = (kind: number, n: string): string =>
  `('00000000-0000-4000-800${kind}-' || lpad((${n})::text, 12, '0'))::uuid`;

export const MAX_STAGES = 10;
export const org = { id: id(0, 0), slug: "bench" };
export const projectId = (project: number): string => id(1, project);
export const projectRef = (project: number): string => `${org.slug}/p-${project}`;
export const projectStream = (project: number): string => `project:${projectId(project)}`;
export const userId = (user: number): string => id(2, user);
export const sessionId = (user: number): string => id(3, user);
/** `place` counts from 0, left to right. */
export const stageId = (project: number, place: number): string => id(4, project * MAX_STAGES + place);

const stageStatus = (place: string, count: string): string =>
  `(case when ${place} = 0 then 'open' when ${place} = ${count} - 1 then 'resolved' else 'in_progress' end)::issue_status`;

/** `words[n mod 8]`, other words for other `stride`. */
const pick = (words: string, stride: number): string => `(string_to_array('${words}', ','))[1 + (n / ${stride}) % 8]`;
const title = [
  pick("Fix,Speed up,Explain,Test,Move,Remove,Design,Check", 1),
  pick("the cart,the search,the login,the invoice,the importer,the mail queue,the gallery,the checkout", 8),
  pick("on phones,after a reload,for guests,in the archive,behind a proxy,with umlauts,over night,for admins", 64),
].join(" || ' ' || ");

export type Seeder = ReturnType<typeof createSeeder>;

/** On a migrated database. Seed people first. */
export function createSeeder(client: pg.Client) {
  return {
    /** Users 1 to `count`, signed in for a day, admins of the one organization. */
    async people(count: number): Promise<void> {
      await client.query("insert into orgs (id, slug, name) values ($1, $2, 'Bench')", [org.id, org.slug]);
      await client.query(
        `with made as (
           insert into users (id, email, display_name)
           select ${sqlId(2, "n")}, 'user-' || n || '@bench.example', 'User ' || n from generate_series(1, $1::int) n
           returning id
         )
         insert into org_members (org_id, user_id, role) select $2, id, 'admin' from made`,
        [count, org.id],
      );
      await client.query(
        `insert into sessions (id, user_id, expires_at)
         select ${sqlId(3, "n")}, ${sqlId(2, "n")}, now() + interval '1 day' from generate_series(1, $1::int) n`,
        [count],
      );
    },

    /** A project whose issues 1 to `issues` stand in turn in its `stages`, each with one assignee. */
    async project(project: number, size: { issues: number; stages?: number }): Promise<void> {
      const { issues, stages = 3 } = size;
      await client.query(
        `insert into projects (id, org_id, slug, key, name, created_by, last_issue_number)
         values ($1, $2, 'p-' || $3::int, 'P' || translate(lpad($3::text, 4, '0'), '0123456789', 'ABCDEFGHIJ'),
           'Project ' || $3::int, $4, $5)`,
        [projectId(project), org.id, project, userId(1), issues],
      );
      await client.query(
        `insert into stages (id, project_id, name, status, position)
         select ${sqlId(4, "$1::int * $4::int + n")}, $2, 'Stage ' || n, ${stageStatus("n", "$3::int")}, n
         from generate_series(0, $3::int - 1) n`,
        [project, projectId(project), stages, MAX_STAGES],
      );
      await client.query(
        `insert into issues (project_id, number, title, description, status, priority, type, kind, stage_id, rank,
           reporter_id, assignee_ids, created_at, updated_at)
         select $2, n, ${title} || ', no. ' || n, repeat('What happens, and what should happen instead. ', 4),
           ${stageStatus("n % $3::int", "$3::int")}, (enum_range(null::issue_priority))[1 + n % 4],
           (enum_range(null::issue_type))[1 + n / 4 % 4], 'task', ${sqlId(4, "$1::int * $4::int + n % $3::int")}, ranks.rank,
           ${sqlId(2, "1 + n % 10")}, array[${sqlId(2, "1 + n % 7")}],
           now() - n * interval '1 minute', now() - n * interval '1 minute'
         from generate_series(1, cardinality($5::text[])) n join unnest($5::text[]) with ordinality as ranks(rank, place)
           on ranks.place = n`,
        [project, projectId(project), stages, MAX_STAGES, generateNKeysBetween(null, null, issues)],
      );
    },

    /** So that the first measurement does not pay for planning on empty statistics. */
    async finish(): Promise<void> {
      await client.query("vacuum (analyze)");
      await client.query("checkpoint");
    },
  };
}
