import { hostname } from "node:os";
import type { Pool } from "pg";
import type { Logger } from "./log.ts";
import { version } from "./package-root.ts";

/** What an instance tells of itself. */
export type Vitals = { sockets: number; draining: boolean };
export type Heartbeat = { start(): void; stop(): Promise<void> };

type Options = {
  pool: Pool;
  log: Logger;
  instance: string;
  everyMs: number;
  look: () => Vitals;
  /** How many are alive, this one included. */
  seen: (alive: number) => void;
};

/** Silent for longer than this, an instance is not counted; for longer than that, its row goes. */
const ALIVE_SECONDS = 15;
const GONE_SECONDS = 60;

/** Its own row first, then the rows of the dead that nobody else is about to remove: so instances never wait in a ring. */
const beatStatement = `with own as (
    insert into instances (id, host, version, sockets, draining) values ($1, $2, $3, $4, $5)
    on conflict (id) do update set seen_at = now(), sockets = excluded.sockets, draining = excluded.draining
    returning id
  ), dead as (
    delete from instances where id in (
      select id from instances
      where seen_at < now() - make_interval(secs => ${GONE_SECONDS}) and id not in (select id from own)
      for update skip locked
    )
  )
  select count(*)::int + 1 as alive from instances
  where id <> $1 and seen_at > now() - make_interval(secs => ${ALIVE_SECONDS})`;

/** Keeps a row in `instances` for as long as the instance serves. */
export function openHeartbeat({ pool, log, instance, everyMs, look, seen }: Options): Heartbeat {
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;

  async function beat(): Promise<void> {
    const { sockets, draining } = look();
    const { rows } = await pool.query(beatStatement, [instance, hostname(), version, sockets, draining]);
    seen(rows[0].alive);
  }
  const beatSafely = (): void => {
    underWay ??= beat()
      .catch((error: unknown) => log.warn({ err: error }, "the heartbeat could not be written"))
      .finally(() => {
        underWay = undefined;
      });
  };

  return {
    start() {
      timer = setInterval(beatSafely, everyMs);
      beatSafely();
    },
    async stop() {
      clearInterval(timer);
      await underWay;
      // Else the others find out by its silence.
      if (timer) await pool.query("delete from instances where id = $1", [instance]).catch(() => undefined);
    },
  };
}
