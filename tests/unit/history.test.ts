/** The checker of the drills finds each kind of fault, and nothing where there is none. */
import { expect, test } from "vitest";
import { countFaults, findFaults, type Log, type LoggedEvent, type Losses } from "../drills/checker.ts";
import { judge } from "../drills/drill.ts";
import { beginSegment, type Heard, type History, hear, markOf, type Op, tokenOf } from "../drills/history.ts";

const stream = "project:one";
const epoch = "e1";
const none: Losses = { lost: 0, doubled: 0, ghosts: 0, databaseGaps: 0, rowsThatDiffer: 0, clientGaps: 0 };

const toldOf = (seq: number, title: string, number = seq) => ({
  ...{ seq, type: "issue.updated", actor: { id: "ann", kind: "user" as const } },
  data: { number, version: 2, changes: { title } },
});
const loggedOf = (seq: number, title: string, number = seq): LoggedEvent => {
  const told = toldOf(seq, title, number);
  return { seq, actorId: "ann", token: title, issue: number, version: 2, mark: markOf(told) };
};
const opOf = (seq: number): Op => ({
  ...{ name: "issue.update", stream, userId: "ann", commandId: `c${seq}`, token: `t${seq}`, issue: seq },
  ...{ sentAt: 0, endedAt: 1, ending: { outcome: "ok", seq } },
});

/** Three commands of ann, all done, and bob who heard them all; the log and the history agree. */
function newScene(): { log: Log; history: History } {
  const heard: Heard = { client: "bob", stream, segments: [] };
  beginSegment(heard, { epoch, seq: 0 });
  hear(
    heard,
    [1, 2, 3].map((seq) => toldOf(seq, `t${seq}`)),
  );
  return {
    log: {
      streams: new Map([[stream, { epoch, head: 3, events: [1, 2, 3].map((seq) => loggedOf(seq, `t${seq}`)) }]]),
      answers: new Map([1, 2, 3].map((seq) => [`c${seq}`, { stream, seq }])),
      versions: new Map([[stream, new Map([1, 2, 3].map((number) => [number, 2]))]]),
    },
    history: { ops: [1, 2, 3].map(opOf), heard: [heard] },
  };
}
type Scene = ReturnType<typeof newScene>;
const streamOf = ({ log }: Scene) => log.streams.get(stream) ?? { epoch, head: 0, events: [] };
const segmentOf = ({ history }: Scene) => history.heard[0].segments[0];

test("where nothing is wrong, nothing is found", () => {
  const { log, history } = newScene();
  expect(findFaults(history, log)).toEqual([]);
});

test.each<[string, keyof Losses, (scene: Scene) => void]>([
  [
    "an acknowledged event that is not in the log",
    "lost",
    ({ log, history }) => {
      history.ops[2].ending = { outcome: "ok", seq: 9 };
      log.answers.set("c3", { stream, seq: 9 });
      log.answers.set("another", { stream, seq: 3 });
    },
  ],
  [
    "an acknowledged command without an answer",
    "lost",
    ({ log }) => {
      log.answers.delete("c2");
      log.answers.set("another", { stream, seq: 2 });
    },
  ],
  [
    "an answer that names another event than the ack",
    "lost",
    ({ log }) => {
      log.answers.set("c2", { stream, seq: 3 });
      log.answers.set("another", { stream, seq: 2 });
    },
  ],
  [
    "an event that is another one than the command's",
    "lost",
    ({ history }) => {
      history.ops[0].token = "something else";
    },
  ],
  [
    "two commands that were acknowledged with one event",
    "lost",
    ({ history, log }) => {
      history.ops.push({ ...history.ops[0], commandId: "c4" });
      log.answers.set("c4", { stream, seq: 1 });
    },
  ],
  [
    "a title that was acknowledged without an event",
    "lost",
    ({ history, log }) => {
      history.ops.push({ ...opOf(4), ending: { outcome: "ok", seq: undefined } });
      log.answers.set("c4", { stream, seq: undefined });
    },
  ],
  [
    "a command of unknown end that was applied without an answer",
    "doubled",
    (scene) => {
      scene.history.ops[1].ending = { outcome: "unknown", code: "unavailable" };
      scene.log.answers.delete("c2");
    },
  ],
  [
    "a token in two events",
    "doubled",
    (scene) => {
      streamOf(scene).events.push(loggedOf(4, "t1", 1));
      streamOf(scene).head = 4;
      scene.log.answers.set("c1 again", { stream, seq: 4 });
      hear(scene.history.heard[0], [toldOf(4, "t1", 1)]);
    },
  ],
  [
    "a refused command that was applied",
    "ghosts",
    ({ history }) => {
      history.ops[1].ending = { outcome: "refused", code: "forbidden" };
    },
  ],
  [
    "an event that the log has no number for",
    "databaseGaps",
    (scene) => {
      // Nobody here did or heard it.
      streamOf(scene).events.push({ ...loggedOf(5, "t5"), actorId: "carl", version: undefined });
      streamOf(scene).head = 5;
      scene.history.heard.length = 0;
    },
  ],
  [
    "a head beyond the last event",
    "databaseGaps",
    (scene) => {
      streamOf(scene).head = 4;
      scene.history.heard.length = 0;
    },
  ],
  [
    "a row that is behind its last event",
    "rowsThatDiffer",
    ({ log }) => {
      log.versions.get(stream)?.set(3, 1);
    },
  ],
  [
    "a row that is gone",
    "rowsThatDiffer",
    ({ log }) => {
      log.versions.get(stream)?.delete(1);
    },
  ],
  [
    "an event that a client did not hear",
    "clientGaps",
    (scene) => {
      segmentOf(scene).seqs.splice(1, 1);
      segmentOf(scene).marks.splice(1, 1);
    },
  ],
  [
    "an event that it heard twice",
    "clientGaps",
    (scene) => {
      hear(scene.history.heard[0], [toldOf(3, "t3")]);
    },
  ],
  [
    "events in the wrong order",
    "clientGaps",
    (scene) => {
      segmentOf(scene).seqs.reverse();
    },
  ],
  [
    "a last event that it did not hear",
    "clientGaps",
    (scene) => {
      segmentOf(scene).seqs.pop();
      segmentOf(scene).marks.pop();
    },
  ],
  [
    "an event that it heard with other words",
    "clientGaps",
    (scene) => {
      segmentOf(scene).marks[1] = markOf(toldOf(2, "other"));
    },
  ],
  [
    "a client that ended in another epoch",
    "clientGaps",
    (scene) => {
      segmentOf(scene).epoch = "e0";
    },
  ],
  [
    "a client that never joined",
    "clientGaps",
    ({ history }) => {
      history.heard[0].segments = [];
    },
  ],
])("%s is found", (_, figure, plant) => {
  const scene = newScene();
  plant(scene);
  expect(countFaults(findFaults(scene.history, scene.log))).toEqual({ ...none, [figure]: 1 });
});

test("an end that nobody knows may be either, and a reset begins anew", () => {
  const scene = newScene();
  scene.history.ops.push({ ...opOf(4), ending: undefined });
  scene.history.ops[0].ending = { outcome: "unknown", code: "unavailable" };
  scene.history.heard[0].segments = [{ epoch: "e0", after: 7, seqs: [8], marks: [1] }];
  beginSegment(scene.history.heard[0], { epoch, seq: 1 });
  hear(scene.history.heard[0], [toldOf(2, "t2"), toldOf(3, "t3")]);

  expect(findFaults(scene.history, scene.log)).toEqual([]);
});

test("a created issue tells its title like a new one", () => {
  expect(tokenOf({ data: { issue: { title: "a" } } })).toBe("a");
  expect(tokenOf({ data: { changes: { title: "b" } } })).toBe("b");
  expect(tokenOf({ data: { number: 1, changes: { rank: "a0" } } })).toBeUndefined();
});

test("a figure beyond its bound, or missing, breaks the hypothesis; timed ones only when they count", () => {
  const gates = { lost: { most: 0 }, acked: { least: 10 }, slowMs: { most: 5, timed: true } } as const;

  expect(judge({ gates }, { lost: 0, acked: 10, slowMs: 5 }, { timed: true })).toEqual([]);
  expect(judge({ gates }, { lost: 1, acked: 9, slowMs: 6 }, { timed: true })).toHaveLength(3);
  expect(judge({ gates }, { lost: 0, acked: 10, slowMs: 6 }, { timed: false })).toEqual([]);
  expect(judge({ gates }, { acked: 10 }, { timed: false })).toEqual(["lost is missing, must be at most 0"]);
});
