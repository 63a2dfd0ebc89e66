/**
 * What a command announces is what it did: an old snapshot and the events heard since give the board as it is now, for
 * every mutation of a project, and each mutation is applied once however often it is sent.
 */
import { randomInt, randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Ack, type Board, type CommandName, commands, events, isEventType } from "../../protocol/index.ts";
import { applyEvents, type LiveColumn } from "../../src/client/board.ts";
import { readHeads } from "../../src/kernel/event-log.ts";
import type { Client } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { type InnerCommand, innerCommands, inputFor } from "./fixtures.ts";
import { type Cast, openCast, type Scene, senderOf, setScene } from "./scene.ts";
import { type BoardScene, type Case, setBoard, variants } from "./variants.ts";

let app: Running;
let cast: Cast;
beforeAll(async () => {
  // What reactions announce is no command's.
  app = await startApp({ sweepMs: null });
  cast = await openCast(app);
});
afterAll(async () => {
  cast.close();
  await app.close();
});

// What one test made the server complain of is no fault of the next.
beforeEach(() => void app.complaints.splice(0));

const mutations = innerCommands.filter((name) => commands[name].kind === "mutation");
const ofProjects = mutations.filter((name) => commands[name].access.startsWith("project:"));

type AnyCase = Omit<Case<CommandName>, "input"> & { input: Record<string, unknown> };
type Row = [title: string, command: InnerCommand, make: (at: BoardScene) => Promise<AnyCase>];
const rows = ofProjects.flatMap((command): Row[] => [
  [command, command, async (at) => ({ input: await inputFor(command, at, at.as["org admin"]) })],
  ...Object.entries(variants[command as keyof typeof variants] ?? {}).map(
    ([title, make]): Row => [`${command} ${title}`, command, async (at) => (await make(at)) as AnyCase],
  ),
]);

const headOf = async (stream: string): Promise<number> => (await readHeads(app.parts.db, [stream]))[0]?.seq ?? 0;

/** The events of the stream that came after `seq`; each parses by its schema. */
function heardAfter(listener: Client, stream: string, seq: number) {
  const heard = listener.heard.filter((event) => event.stream === stream && event.seq > seq);
  for (const { type, data } of heard) {
    if (!isEventType(type)) throw new Error(`an event of no known type: ${type}`);
    expect(events[type].data.safeParse(data)).toMatchObject({ success: true });
  }
  return heard;
}

/** A column of a narrow window, with what is behind it, is the whole column, unless it says that it cannot know. */
async function checkWindow(reader: Client, project: string, column: LiveColumn, whole: Board): Promise<void> {
  if (column.stale) return;
  const { stageId, issues, nextCursor: cursor } = column;
  const behind = cursor ? (await reader.ok("board.column", { project, stageId, cursor, limit: 100 })).items : [];
  const present = whole.columns.find((other) => other.stageId === stageId);
  expect({ stageId, count: column.count, issues: [...issues, ...behind] }).toEqual({
    stageId,
    count: present?.count ?? 0,
    issues: present?.issues ?? [],
  });
}

describe("snapshot and events give the present board", () => {
  test.each(rows)("%s", async (_, command, make) => {
    const at = await setBoard(cast);
    const { maker, project, stream } = at;
    await maker.ok("project.subscribe", { project });
    const planned = await make(at);
    const before = await maker.ok("board.get", { project, perColumn: 100 });
    const narrow = await maker.ok("board.get", { project, perColumn: 1 });

    const ack = await senderOf(at, command, planned.actor ?? at.as["org admin"]).send(command, planned.input);
    const head = await headOf(stream);
    if (head > before.seq) await maker.caughtUp(stream, head);

    expect(ack.ok ? "ok" : ack.error.code).toBe(planned.refused ?? "ok");
    const heard = heardAfter(maker, stream, before.seq);
    expect(heard.map(({ seq }) => seq)).toEqual(
      Array.from({ length: head - before.seq }, (_, i) => before.seq + 1 + i),
    );
    if (planned.refused) expect(heard).toEqual([]);
    expect(app.complaints).toEqual([]);
    if (command === "project.delete") {
      expect(await maker.refused("board.get", { project })).toMatchObject({ code: "not_found" });
      return;
    }
    const ref = command === "project.update" && ack.ok ? (ack.data as { ref: string }).ref : project;
    const present = await maker.ok("board.get", { project: ref, perColumn: 100 });
    expect(applyEvents(before, heard)).toEqual(present);
    for (const column of applyEvents(narrow, heard).columns) await checkWindow(maker, ref, column, present);
  });
});

/** Any of the commands that people send all day, aimed at whatever may be there. */
function anything({ project, stages }: Scene): [CommandName, Record<string, unknown>] {
  const issue = randomInt(1, 20);
  const stageId = stages[randomInt(3)];
  const choices: [CommandName, Record<string, unknown>][] = [
    ["issue.create", { project, title: "Another", stageId }],
    ["issue.move", { project, issue, stageId }],
    ["issue.move", { project, issue, stageId, after: null }],
    ["issue.move", { project, issue, after: randomInt(1, 20) }],
    ["issue.move", { project, issue, before: randomInt(1, 20) }],
    ["issue.update", { project, issue, patch: { status: ["open", "in_progress", "closed"][randomInt(3)] } }],
    ["issue.update", { project, issue, patch: { title: `Title ${randomInt(100)}`, priority: "minor" } }],
    ["issue.delete", { project, issue }],
    ["issue.restore", { project, issue }],
    ["stage.update", { project, stageId, patch: { wipLimit: randomInt(3, 9) } }],
    ["stage.create", { project, name: "One more", status: "resolved" }],
    ["stage.reorder", { project, stageIds: stages.toSorted(() => randomInt(3) - 1) }],
    ["stage.delete", { project, stageId: stages[2], moveTo: stages[0] }],
  ];
  return choices[randomInt(choices.length)] as [CommandName, Record<string, unknown>];
}

test("snapshot and events give the present board when three people send two hundred commands at once", async () => {
  const at = await setBoard(cast);
  const { maker, as, project, stream } = at;
  await maker.ok("project.subscribe", { project });
  const before = await maker.ok("board.get", { project, perColumn: 100 });
  const narrow = await maker.ok("board.get", { project, perColumn: 2 });
  const people = [as["org admin"], as.owner, as["project admin"]];

  const acks = await Promise.all(
    Array.from({ length: 200 }, (_, i) => (people[i % 3] as Client).send(...anything(at))),
  );

  const head = await headOf(stream);
  await maker.caughtUp(stream, head);
  const heard = heardAfter(maker, stream, before.seq);
  const present = await maker.ok("board.get", { project, perColumn: 100 });
  expect(applyEvents(before, heard)).toEqual(present);
  for (const column of applyEvents(narrow, heard).columns) await checkWindow(maker, project, column, present);
  expect(acks.filter(({ ok }) => ok).length).toBeGreaterThan(50);
  expect(acks.filter((ack) => !ack.ok && ack.error.code === "internal")).toEqual([]);
  expect(app.complaints).toEqual([]);
});

describe("sent again", () => {
  const again = (input: object, commandId: string) => ({ ...input, commandId });
  /** Without what is shown once and not kept. */
  const kept = (data: object) => ("secret" in data ? { ...data, secret: null } : data);
  const dataOf = (ack: Ack) => (ack.ok ? kept(ack.data) : ack.error);
  /** Events that any stream got, ever. */
  const countEvents = async (): Promise<number> => {
    const { rows } = await app.parts.database.pool.query("select count(*)::int as count from events");
    return rows[0].count;
  };

  /** Whoever leaves cannot see afterwards what was left, but the answer is still theirs. */
  const actorIn = ({ as }: Scene, command: InnerCommand) =>
    command === "project.leave" ? as["guest developer"] : as.owner;

  test.each(mutations)("%s is answered the same, and does nothing", async (command) => {
    const at = await setScene(cast);
    const actor = actorIn(at, command);
    const commandId = randomUUID();
    const input = await inputFor(command, at, actor);
    const elsewhere = { ...(await inputFor(command, await setScene(cast), actor)), ...otherwise[command] };

    const sender = senderOf(at, command, actor);
    const first = await sender.send(command, again(input, commandId));
    const before = await countEvents();
    const second = await sender.send(command, again(input, commandId));
    const reused = await sender.send(command, again(elsewhere, commandId));

    expect(first).toMatchObject({ ok: true });
    expect(second).toEqual({ ...first, data: dataOf(first), replayed: true, requestId: expect.any(String) });
    expect(reused).toMatchObject({ ok: false, error: { code: "conflict", status: 409 } });
    expect(await countEvents()).toBe(before);
    expect(app.complaints).toEqual([]);
  });

  test.each(mutations)("%s ten times at once is applied once", async (command) => {
    const [one, ten] = [await setScene(cast), await setScene(cast)];
    const actor = actorIn(ten, command);
    const inputs = [await inputFor(command, one, actor), await inputFor(command, ten, actor)];

    const sender = senderOf(cast, command, actor);
    const start = await countEvents();
    await sender.send(command, again(inputs[0], randomUUID()));
    const middle = await countEvents();
    const repeated = again(inputs[1], randomUUID());
    const acks = await Promise.all(Array.from({ length: 10 }, () => sender.send(command, repeated)));

    expect(acks.map(dataOf)).toEqual(Array.from({ length: 10 }, () => dataOf(acks[0])));
    expect(acks.filter((ack) => ack.ok && !ack.replayed)).toHaveLength(1);
    expect(new Set(acks.map((ack) => ack.ok && `${ack.stream} ${ack.seq}`)).size).toBe(1);
    expect((await countEvents()) - middle).toBe(middle - start);
    expect(app.complaints).toEqual([]);
  });
});

/** What makes an input another one where two scenes would send the same. */
const otherwise: { [N in InnerCommand]?: object } = {
  "org.create": { description: "Another" },
  "notification.markRead": { ids: [randomUUID()] },
  "session.revokeAll": { keepCurrent: false },
  "profile.setPassword": { new: "another horse battery" },
  "notification.setPrefs": { prefs: { email: true } },
};
