import { expect } from "vitest";
import type { Ack, SprintReport } from "../../protocol/index.ts";
import { inputFields } from "../../protocol/routes.ts";
import { startApp } from "../support/harness.ts";
import { type Bot, createBot } from "./bot.ts";
import { openCalendar } from "./calendar.ts";
import { createPerson, type Person } from "./person.ts";
import { type Exit, type Line, type Name, opening, project, type Scene, scenes } from "./week.ts";

type Cast = Record<Name, Person> & { robo: Bot };
/** How things stood when a scene was over. */
type Evening = {
  at: string;
  server: string;
  /** Of those who were still there. */
  boards: Partial<Record<Name, string>>;
  report: SprintReport;
};
export type Week = Cast & { id(name: string): string; evenings: Evening[]; close(): Promise<void> };

const names = ["ada", "grace", "linus", "robo"] as const;

/** Puts ids in place of names, in the fields that hold ids. */
function createGlossary() {
  const ids = new Map<string, string>();
  const id = (name: string): string => {
    const known = ids.get(name);
    if (known === undefined) throw new Error(`nothing is called ${name}`);
    return known;
  };
  const translate = (value: unknown, field: string): unknown => {
    if (typeof value === "string") return /Ids?$|^unfinished$/.test(field) ? id(value) : value;
    if (Array.isArray(value)) return value.map((one) => translate(one, field));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, translate(inner, name)]));
  };
  return { ids, id, translate };
}

async function meet(url: string): Promise<Cast> {
  const [ada, grace, linus, robo] = await Promise.all([
    createPerson(url, "ada"),
    createPerson(url, "grace"),
    createPerson(url, "linus"),
    createBot(url, "robo"),
  ]);
  return { ada, grace, linus, robo };
}

/** Waits until all have heard all, and the bot has nothing left to do. */
async function settle(cast: Cast): Promise<void> {
  const standing = () => cast.ada.here().ok("sync.digest", { project });
  for (let { seq } = await standing(), last = -1; seq !== last; ) {
    await Promise.all(names.map((name) => cast[name].isHere() && cast[name].caughtUp(seq)));
    await cast.robo.idle();
    last = seq;
    ({ seq } = await standing());
  }
}

/** The whole week, on a server and a database of its own. */
export async function playWeek(): Promise<Week> {
  const calendar = await openCalendar();
  await calendar.turnTo(scenes[0]?.at ?? "");
  const app = await startApp({ databaseUrl: calendar.databaseUrl, now: calendar.now, sweepMs: 200 });
  const cast = await meet(app.url);
  const { ids, id, translate } = createGlossary();
  for (const name of names) ids.set(name, cast[name].userId);

  async function send({ by, send: command, input, as, gives, refused }: Line): Promise<void> {
    const scope = inputFields(command).includes("project") ? { project } : {};
    const ack: Ack = await cast[by].here().send(command, { ...scope, ...(translate(input, "") as object) });
    if (refused) expect(ack, `${by} ${command}`).toMatchObject({ ok: false, error: { code: refused } });
    else expect(ack, `${by} ${command}`).toMatchObject({ ok: true, ...(gives && { data: gives }) });
    const name = as ?? input["name"];
    if (ack.ok && typeof name === "string" && "id" in ack.data) ids.set(name, ack.data.id);
  }

  async function follow(line: Line | Exit): Promise<void> {
    if (!("goes" in line)) return send(line);
    await settle(cast);
    cast[line.goes].leave();
  }

  async function open(): Promise<void> {
    for (const line of opening) await send(line);
    for (const { id: stageId, name } of (await cast.ada.here().ok("stage.list", { project })).items)
      ids.set(name, stageId);
  }

  async function play({ at, lines }: Scene): Promise<Evening> {
    await calendar.turnTo(at);
    for (const name of names) await cast[name].arrive();
    if (ids.get("Todo") === undefined) await open();
    // The bot last: what it missed it catches up with at once.
    for (const name of names) await cast[name].follow(project);
    for (const line of lines) await follow(line);
    await settle(cast);
    const server = await cast.ada.here().ok("sync.digest", { project });
    const report = await cast.ada.here().ok("sprint.report", { project, sprintId: id("Sprint 1") });
    const here = names.filter((name) => cast[name].isHere());
    const boards = Object.fromEntries(here.map((name) => [name, cast[name].digest()]));
    return { at, server: server.digest, boards, report };
  }

  const evenings: Evening[] = [];
  for (const scene of scenes) {
    if (evenings.length > 0) for (const name of names) cast[name].leave();
    evenings.push(await play(scene));
  }
  return {
    ...cast,
    id,
    evenings,
    async close() {
      for (const name of names) cast[name].leave();
      await app.close();
      await calendar.close();
    },
  };
}
