import type { Pool } from "pg";

/**
 * The cluster, how often it was recovered to a moment or promoted, the database, and the table as it was created: at
 * least one of them is another one after a dump was restored, or a base backup with WAL up to a moment. A data folder
 * that was copied back as it was cannot be told from the one before.
 */
const identity = `(
  select concat_ws(' ', s.system_identifier, c.timeline_id, d.oid, 'streams'::regclass::oid)
  from pg_control_system() s, pg_control_checkpoint() c, pg_database d where d.datname = current_database()
)`;

const renewStatement = `with moved as (
    update installation set identity = ${identity} where identity <> ${identity} returning 1
  )
  update streams set epoch = substr(replace(gen_random_uuid()::text, '-', ''), 1, 8) where exists (select from moved)`;

/**
 * Gives every stream a new epoch when this is a restored database: what clients have seen of it may never have been, so
 * they must load anew. Gives how many. Several instances may call it at once.
 */
export async function renewEpochs(pool: Pick<Pool, "query">): Promise<number> {
  await pool.query(`insert into installation (identity) select ${identity} on conflict do nothing`);
  return (await pool.query(renewStatement)).rowCount ?? 0;
}
