import type { Board, Card, Column, Stage, WireEvent } from "../../protocol/index.ts";

export const at = "2026-01-01T00:00:00.000Z";
export const actor = { id: null, kind: "system" } as const;
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const person = { id: uuid(900), displayName: "Ann", avatarUrl: null, kind: "user" } as const;

const toCard = (number: number, stageId: string | null, rank: string): Card => ({
  id: uuid(number),
  project: "acme/web",
  number,
  key: `WEB-${number}`,
  title: "Something",
  status: "open",
  priority: "normal",
  type: "task",
  kind: "task",
  stageId,
  laneId: null,
  rank,
  sprintId: null,
  parent: null,
  reporter: person,
  assignees: [],
  tags: [],
  estimate: null,
  commentCount: 0,
  timeSpentSeconds: 0,
  fields: {},
  version: 1,
  createdAt: at,
  updatedAt: at,
  deletedAt: null,
});
const toStage = (n: number, position: number): Stage => ({
  id: uuid(n),
  name: `Stage ${n}`,
  status: "open",
  position,
  wipLimit: null,
  wipMode: "block",
});

/** A project that says what happens to it, and of which a snapshot can be taken at any time. */
export function createProject() {
  let stages = [toStage(1, 0), toStage(2, 1)];
  let [stageCount, issueCount] = [2, 0];
  const cards = new Map<number, Card>();
  const log: WireEvent[] = [];

  const emit = (type: string, data: Record<string, unknown>) =>
    log.push({ seq: log.length + 1, type, at, actor, data: structuredClone(data) });
  const change = (type: string, card: Card, changes: Partial<Card>) => {
    Object.assign(card, changes, { version: card.version + 1 });
    emit(type, { number: card.number, version: card.version, updatedAt: at, changes });
  };
  const pick = <T>(from: T[], n: number): T | undefined => from[n % from.length];
  const shown = () => [...cards.values()].filter(({ deletedAt }) => deletedAt === null);
  const deleted = () => [...cards.values()].filter(({ deletedAt }) => deletedAt !== null);
  const columnOf = (stageId: string | null): Card[] =>
    shown()
      .filter((card) => card.stageId === stageId)
      .sort((a, b) => (a.rank === b.rank ? a.number - b.number : a.rank < b.rank ? -1 : 1));

  return {
    log,
    columnOf,
    create(n: number, rank: string) {
      issueCount += 1;
      const card = toCard(issueCount, pick(stages, n)?.id ?? null, rank);
      cards.set(card.number, card);
      emit("issue.created", { issue: card });
    },
    rename(n: number) {
      const card = pick(shown(), n);
      if (card) change("issue.updated", card, { title: `Title ${n}` });
    },
    rerank(n: number, rank: string) {
      const card = pick(shown(), n);
      if (card) change("issue.moved", card, { rank });
    },
    move(n: number, to: number, rank: string) {
      const card = pick(shown(), n);
      const stageId = pick(stages, to)?.id ?? null;
      if (card) change("issue.moved", card, { rank, ...(stageId !== card.stageId && { stageId }) });
    },
    remove(n: number) {
      const card = pick(shown(), n);
      if (card) change("issue.deleted", card, { deletedAt: at });
    },
    restore(n: number, rank: string) {
      const card = pick(deleted(), n);
      if (!card) return;
      const stageId = stages.some(({ id }) => id === card.stageId) ? card.stageId : null;
      Object.assign(card, { deletedAt: null, stageId, rank });
      emit("issue.restored", { issue: card });
    },
    purge(n: number) {
      const card = pick([...cards.values()], n);
      if (!card) return;
      cards.delete(card.number);
      change("issue.purged", card, {});
    },
    addStage() {
      stageCount += 1;
      const stage = toStage(stageCount, Math.max(-1, ...stages.map(({ position }) => position)) + 1);
      stages.push(stage);
      emit("stage.created", { stage });
    },
    reorder(n: number) {
      const order = [...stages.slice(n % (stages.length || 1)), ...stages.slice(0, n % (stages.length || 1))];
      stages = order.map((stage, position) => ({ ...stage, position }));
      emit("stage.reordered", { stageIds: stages.map(({ id }) => id) });
    },
    removeStage(n: number, to: number) {
      const stage = pick(stages, n);
      if (!stage) return;
      stages = stages.filter((other) => other !== stage);
      const target = to % 2 === 0 ? (pick(stages, to)?.id ?? null) : null;
      for (const [i, card] of columnOf(stage.id).entries()) {
        change("issue.moved", card, { stageId: target, ...(target !== null && { rank: `z${i}` }) });
      }
      emit("stage.deleted", { stageId: stage.id });
    },
    snapshot(perColumn: number): Board {
      const toColumn = (stageId: string | null): Column => {
        const all = columnOf(stageId);
        const issues = structuredClone(all.slice(0, perColumn));
        const last = issues.at(-1);
        const nextCursor = all.length > perColumn && last ? JSON.stringify([last.rank, last.number]) : null;
        return { stageId, count: all.length, issues, nextCursor };
      };
      const columns = stages.map(({ id }) => toColumn(id));
      const placeless = columnOf(null).length > 0 ? [toColumn(null)] : [];
      const board = { epoch: "e", lanes: [], tags: [], members: [], sprints: [] };
      return { ...board, seq: log.length, stages: structuredClone(stages), columns: [...columns, ...placeless] };
    },
  };
}
export type Project = ReturnType<typeof createProject>;
