/**
 * Compares what clients did and heard with what the database holds. Every fault counts in exactly one figure:
 * - lost: a command was acknowledged, but its event or its answer is missing, is another one's, or two share one
 * - doubled: a command was applied more than once: its token stands in two events, or no answer accounts for an event
 * - ghosts: a command was refused for good and applied all the same
 * - databaseGaps: a stream's seqs do not run from 1 to its head without a gap
 * - rowsThatDiffer: an issue's row is not of the version that its last event tells
 * - clientGaps: a client did not hear every event of a stream once, in order, as it stands in the log, up to the head
 */
import type { Heard, History, Op } from "./history.ts";

export type LoggedEvent = {
  seq: number;
  actorId: string;
  token: string | undefined;
  issue: number | undefined;
  version: number | undefined;
  mark: number;
};
export type LoggedStream = { epoch: string; head: number; events: LoggedEvent[] };
export type Log = {
  streams: Map<string, LoggedStream>;
  /** By command id: which event it names as its last. */
  answers: Map<string, { stream: string; seq: number | undefined }>;
  /** Versions of the issues by stream and number. */
  versions: Map<string, Map<number, number>>;
};
export type Losses = {
  lost: number;
  doubled: number;
  ghosts: number;
  databaseGaps: number;
  rowsThatDiffer: number;
  clientGaps: number;
};
export type Finding = { figure: keyof Losses; what: string };

const describe = ({ name, commandId, stream, ending }: Op): string =>
  `${name} ${commandId} in ${stream}, ${JSON.stringify(ending)}`;

/** Everything that is wrong. */
export function findFaults({ ops, heard }: History, log: Log): Finding[] {
  return [
    ...findDatabaseGaps(log),
    ...findRows(log),
    ...findLost(ops, log),
    ...findDoubled(ops, log),
    ...ops.filter((op) => isGhost(op, log)).map((op) => ({ figure: "ghosts" as const, what: describe(op) })),
    ...heard.flatMap((one) => findClientGaps(one, log)),
  ];
}

export function countFaults(findings: readonly Finding[]): Losses {
  const sums: Losses = { lost: 0, doubled: 0, ghosts: 0, databaseGaps: 0, rowsThatDiffer: 0, clientGaps: 0 };
  for (const { figure } of findings) sums[figure] += 1;
  return sums;
}

function findDatabaseGaps({ streams }: Log): Finding[] {
  return [...streams].flatMap(([stream, { head, events }]) => {
    const at = events.findIndex(({ seq }, i) => seq !== i + 1);
    if (at < 0 && events.length === head) return [];
    const what = `${stream}: ${events.length} events, head ${head}, first fault after ${at < 0 ? events.length : at}`;
    return [{ figure: "databaseGaps" as const, what }];
  });
}

function findRows({ streams, versions }: Log): Finding[] {
  return [...streams].flatMap(([stream, { events }]) => {
    const told = new Map<number, number>();
    for (const { issue, version } of events) if (issue !== undefined && version !== undefined) told.set(issue, version);
    return [...told]
      .filter(([issue, version]) => versions.get(stream)?.get(issue) !== version)
      .map(([issue, version]) => {
        const what = `${stream}: issue ${issue} is of version ${versions.get(stream)?.get(issue)}, its last event ${version}`;
        return { figure: "rowsThatDiffer" as const, what };
      });
  });
}

const eventAt = (log: Log, stream: string, seq: number | undefined): LoggedEvent | undefined => {
  const events = log.streams.get(stream)?.events ?? [];
  return seq === undefined
    ? undefined
    : events[seq - 1]?.seq === seq
      ? events[seq - 1]
      : events.find((event) => event.seq === seq);
};

/** Whether the event is what this command does. */
const isOf = (op: Op, event: LoggedEvent): boolean =>
  event.actorId === op.userId &&
  (op.token === undefined || event.token === op.token) &&
  (op.issue === undefined || event.issue === op.issue);

function findLost(ops: readonly Op[], log: Log): Finding[] {
  const owners = new Map<string, Op>();
  return ops.flatMap((op) => {
    if (op.ending?.outcome !== "ok") return [];
    const { seq } = op.ending;
    const answer = log.answers.get(op.commandId);
    const lost = (why: string): Finding[] => [{ figure: "lost", what: `${describe(op)}: ${why}` }];
    if (!answer) return lost("no answer is kept");
    if (answer.stream !== op.stream || answer.seq !== seq) return lost(`its answer names event ${answer.seq}`);
    if (seq === undefined) return op.token === undefined ? [] : lost("it names no event");
    const event = eventAt(log, op.stream, seq);
    if (!event) return lost("its event is missing");
    if (!isOf(op, event)) return lost(`its event is another one: ${JSON.stringify(event)}`);
    const other = owners.get(`${op.stream} ${seq}`);
    owners.set(`${op.stream} ${seq}`, op);
    return other ? lost(`its event is that of ${describe(other)} too`) : [];
  });
}

function findDoubled(ops: readonly Op[], { streams, answers }: Log): Finding[] {
  const users = new Set(ops.map(({ userId }) => userId));
  const tokens = new Set<string>();
  const answered = new Set([...answers.values()].map(({ stream, seq }) => `${stream} ${seq}`));
  return [...streams].flatMap(([stream, { events }]) =>
    events.flatMap((event) => {
      if (!users.has(event.actorId)) return [];
      const again = event.token !== undefined && tokens.has(event.token);
      if (event.token !== undefined) tokens.add(event.token);
      if (!again && answered.has(`${stream} ${event.seq}`)) return [];
      const what = `${stream} ${event.seq}: ${again ? "applied before" : "no answer accounts for it"}`;
      return [{ figure: "doubled" as const, what }];
    }),
  );
}

const isGhost = ({ ending, commandId }: Op, { answers }: Log): boolean =>
  ending?.outcome === "refused" && answers.has(commandId);

function findClientGaps({ client, stream, segments, left }: Heard, log: Log): Finding[] {
  const logged = log.streams.get(stream);
  const fault = (why: string): Finding[] => [{ figure: "clientGaps", what: `${client}, ${stream}: ${why}` }];
  const last = segments.at(-1);
  if (!logged || !last) return fault("it never joined");
  for (const { epoch, after, seqs, marks } of segments) {
    const at = seqs.findIndex((seq, i) => seq !== after + i + 1);
    if (at >= 0) return fault(`heard ${seqs[at]} after ${seqs[at - 1] ?? after}`);
    if (epoch !== logged.epoch) continue;
    const other = seqs.findIndex((seq, i) => eventAt(log, stream, seq)?.mark !== marks[i]);
    if (other >= 0) return fault(`heard another event as ${seqs[other]}`);
  }
  const end = last.seqs.at(-1) ?? last.after;
  if (last.epoch !== logged.epoch) return fault(`ended in epoch ${last.epoch}`);
  return left || end === logged.head ? [] : fault(`ended at ${end} of ${logged.head}`);
}
