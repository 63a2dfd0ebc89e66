import type { Running } from "./harness.ts";
import { createWorld } from "./world.ts";

export const thanks = 'on_event("issue.created", function(ctx)\n  ctx.issue:add_comment("Thank you")\nend)\n';
export const weekly = 'on_schedule("0 9 * * 1", function(ctx) end)\n';
export const quiet = "-- Nothing.\n";

const team = { ann: "owner", bob: "admin", cid: "reporter", dan: "outsider" } as const;
type Name = keyof typeof team;

/** Scripts, and how to look behind them. */
export function scriptWorld(app: () => Running) {
  /** People, and a script of ann's in their project. */
  async function withScript(source = thanks) {
    const world = await createWorld<Name>(app(), { members: { ...team } });
    const script = await world.ann.ok("script.create", { project: world.project, name: "Thanks", source });
    return { ...world, script, scriptId: script.id };
  }

  async function query<Row>(text: string, values: unknown[]): Promise<Row[]> {
    return (await app().parts.database.pool.query(text, values)).rows;
  }

  /** Where a script stands in each stream. A claim that comes while it ends leaves a position at 0, which counts for nothing. */
  const positions = (scriptId: string) =>
    query<{ stream: string; seq: number }>(
      "select stream, seq from positions where consumer = $1 and seq > 0 order by stream",
      [`script:${scriptId}`],
    );
  const ticks = (scriptId: string) =>
    query<{ cron: string; nextAt: string }>(
      'select cron, next_at as "nextAt" from script_schedules where script_id = $1 order by place',
      [scriptId],
    );
  const head = async (stream: string) =>
    (await query<{ seq: number }>("select seq from streams where id = $1", [stream]))[0]?.seq;

  return { withScript, query, positions, ticks, head };
}
