/** The end of a drill: waits until all is quiet, then compares histories, database and boards. */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { projectRef, projectStream } from "../../bench/seed.ts";
import { type Client, type LiveBoard, openBoard } from "../../src/client/index.ts";
import { countFaults, findFaults, type Log, type LoggedStream } from "./checker.ts";
import type { Cluster } from "./cluster.ts";
import { withDatabase } from "./cluster.ts";
import { ackTimes, type Crowd, percentile } from "./crowd.ts";
import type { Figures } from "./drill.ts";
import { issueOf, markOf, tokenOf } from "./history.ts";
import type { Member } from "./member.ts";

const PATIENCE_MS = 40_000;
const POLL_MS = 50;

type EventRow = {
  stream: string;
  seq: string;
  type: string;
  actor_id: string;
  actor_kind: "user";
  data: Record<string, unknown>;
};

/** What the database holds of these streams. */
export function readLog(url: string, streams: readonly string[]): Promise<Log> {
  return withDatabase(url, async (client) => {
    // One moment for all.
    await client.query("begin isolation level repeatable read read only");
    const heads = await client.query<{ id: string; epoch: string; seq: string }>(
      "select id, epoch, seq from streams where id = any($1)",
      [streams],
    );
    const events = await client.query<EventRow>(
      "select stream, seq, type, actor_id, actor_kind, data from events where stream = any($1) order by stream, seq",
      [streams],
    );
    const answers = await client.query<{ command_id: string; stream: string; seq: string | null }>(
      "select command_id, stream, seq from command_answers where stream = any($1)",
      [streams],
    );
    const rows = await client.query<{ stream: string; number: number; version: number }>(
      "select 'project:' || project_id as stream, number, version from issues where 'project:' || project_id = any($1)",
      [streams],
    );
    await client.query("commit");

    const logged = new Map<string, LoggedStream>(
      heads.rows.map(({ id, epoch, seq }) => [id, { epoch, head: Number(seq), events: [] }]),
    );
    for (const { stream, seq, actor_id, actor_kind, type, data } of events.rows) {
      const told = { type, data, actor: { id: actor_id, kind: actor_kind } };
      const issue = issueOf(told);
      logged.get(stream)?.events.push({
        ...{ seq: Number(seq), actorId: actor_id, token: tokenOf(told), mark: markOf(told) },
        ...{ issue: issue?.number, version: issue?.version },
      });
    }
    const versions: Log["versions"] = new Map();
    for (const { stream, number, version } of rows.rows) {
      versions.set(stream, (versions.get(stream) ?? new Map<number, number>()).set(number, version));
    }
    return {
      streams: logged,
      versions,
      answers: new Map(
        answers.rows.map(({ command_id, stream, seq }) => [
          command_id,
          { stream, seq: seq === null ? undefined : Number(seq) },
        ]),
      ),
    };
  });
}

const positionOf = ({ heard }: Member): number => {
  const last = heard.segments.at(-1);
  return last?.seqs.at(-1) ?? last?.after ?? -1;
};

/** Resolves with how long it took until each client has heard all that there is; gives up after a while. */
async function settle(url: string, members: readonly Member[]): Promise<number> {
  const started = performance.now();
  const heads = await withDatabase(url, async (client) => {
    const { rows } = await client.query<{ id: string; seq: string }>("select id, seq from streams");
    return new Map(rows.map(({ id, seq }) => [id, Number(seq)]));
  });
  const isThere = (member: Member): boolean =>
    positionOf(member) >= (heads.get(member.heard.stream) ?? 0) && member.client.state.current.status === "live";
  while (!members.every(isThere) && performance.now() - started < PATIENCE_MS) await sleep(POLL_MS);
  return performance.now() - started;
}

/** What everyone who looks at the board must see alike. */
const visible = ({ seq, epoch, stages, lanes, tags, members, sprints, columns }: LiveBoard): object => ({
  ...{ seq, epoch, stages, lanes, tags, members, sprints },
  columns: columns.map(({ stageId, count, issues }) => ({ stageId, count, issues })),
});

/** Boards that are not what a fresh client sees. */
export async function countDiffering(members: readonly Member[], fresh: Client): Promise<string[]> {
  const snapshots = new Map<number, object>();
  const findings: string[] = [];
  for (const { project, board, heard } of members) {
    if (!board) continue;
    let snapshot = snapshots.get(project);
    if (!snapshot) {
      const opened = openBoard(fresh, projectRef(project), { perColumn: 100 });
      await opened.ready;
      snapshot = opened.current.board ? visible(opened.current.board) : {};
      snapshots.set(project, snapshot);
      opened.close();
    }
    for (const giveUpAt = performance.now() + 2000; performance.now() < giveUpAt; await sleep(POLL_MS)) {
      if (board.current.board && isDeepStrictEqual(visible(board.current.board), snapshot)) break;
    }
    const { board: shown, pending, status } = board.current;
    const isSame = shown !== undefined && isDeepStrictEqual(visible(shown), snapshot);
    // The product's own proof must agree with ours.
    const verdict = isSame ? await board.verify() : "outOfStep";
    if (isSame && pending === 0 && verdict === "inStep") continue;
    findings.push(`${heard.client}: its board is ${status}, ${verdict}, ${pending} own changes pending`);
  }
  return findings;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** All figures of loss, also in `further` projects, and how quick it was meanwhile. Says the first faults. */
export async function judgeCrowd(cluster: Cluster, crowd: Crowd, further: readonly number[] = []): Promise<Figures> {
  await crowd.rest();
  const { members, history } = crowd;
  const settleMs = await settle(cluster.postgres.url, members);
  const projects = new Set([...members.map(({ project }) => project), ...further]);
  const streams = [...projects].map(projectStream);
  const findings = findFaults(history, await readLog(cluster.postgres.url, streams));
  const differing = await countDiffering(members, members[0]?.client ?? fail("a crowd of nobody"));
  const complaints = cluster.instances.flatMap((instance) => instance.complaints);
  for (const { figure, what } of findings.slice(0, 10)) say(`${figure}: ${what}`);
  for (const what of differing.slice(0, 10)) say(`clientsThatDiffer: ${what}`);
  for (const line of complaints.slice(0, 10)) say(`a server said: ${line}`);
  const times = ackTimes(history);
  const count = (outcome: string): number =>
    history.ops.filter(({ ending }) => (ending?.outcome ?? "unknown") === outcome).length;
  return {
    ...{ clients: members.length, commands: history.ops.length, acked: count("ok") },
    ...{ refused: count("refused"), unknown: count("unknown") },
    ...countFaults(findings),
    clientsThatDiffer: differing.length,
    internalErrors: await cluster.metric("rhythm_commands_total", 'code="internal"'),
    crashes: cluster.crashes(),
    ...{ ackP50Ms: percentile(times, 0.5), ackP95Ms: percentile(times, 0.95), ackP99Ms: percentile(times, 0.99) },
    settleMs: Math.round(settleMs),
  };
}

function fail(why: string): never {
  throw new Error(why);
}
