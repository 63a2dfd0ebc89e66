/**
 * Reads as they were at a past event, for replays. The log keeps the values before each change, so an issue is what it
 * is now with all later changes undone; what the log does not tell is given as it is now, with a note.
 */
import { type Change, commands, isCommandName, type SentCommand } from "../../protocol/index.ts";
import { type LaterChange, listLaterChanges } from "../features/script/repository/running.ts";
import type { Db } from "../kernel/db.ts";
import type { Host } from "./host.ts";
import { camelKeys, snakeKeys } from "./keys.ts";

/** An issue with more later changes is shown as it is now. */
const MAX_CHANGES = 1000;

const undoable = new Set([
  "title",
  "description",
  "status",
  "type",
  "kind",
  "priority",
  "estimate",
  "stageId",
  "laneId",
  "sprintId",
  "parent",
  "deletedAt",
]);

type Json = Record<string, unknown>;
type Answer = Awaited<ReturnType<Host["call"]>>;

/** People or tags as the history keeps them: ids, and names with commas between. */
function listBefore(present: unknown, { from, fromName }: Change): unknown {
  const known = new Map((present as { id: string }[]).map((item) => [item.id, item]));
  const names = (fromName ?? "").split(", ");
  return (from as string[]).map((id, i) => known.get(id) ?? { id, name: names[i], displayName: names[i] });
}

/** The issue before these changes, latest first; `notes` gains what cannot be told. */
function undo(issue: Json, later: LaterChange[], notes: Set<string>): Json {
  const then = { ...issue };
  for (const { type, changes } of later) {
    if (type === "comment.created") then["commentCount"] = Number(then["commentCount"]) - 1;
    else if (type === "comment.deleted") then["commentCount"] = Number(then["commentCount"]) + 1;
    if (!type.startsWith("issue.")) continue;
    for (const change of changes) {
      const { field } = change;
      if (field === "assignees" || field === "tags") then[field] = listBefore(then[field], change);
      else if (undoable.has(field)) then[field] = change.from;
      else notes.add(`issue ${issue["number"]}: ${field} is as it is now`);
    }
  }
  return then;
}

type Options = { db: Db; stream: string; seq: number; at: string };

/** Stands before a host: answers reads as of the event, and takes mutations down without sending them. */
export function createPast({ db, stream, seq, at }: Options) {
  const notes = new Set<string>();
  const sent: SentCommand[] = [];
  /** What the run itself would have changed. */
  const changed = new Map<unknown, Json>();

  async function issueThen(issue: Json): Promise<Json | undefined> {
    const number = Number(issue["number"]);
    const later = await listLaterChanges(db, { stream, issue: number, after: seq, limit: MAX_CHANGES });
    if (later.some(({ type }) => type === "issue.created")) return undefined;
    if (later.length === MAX_CHANGES) notes.add(`issue ${number} is as it is now: it changed too often since`);
    const then = later.length === MAX_CHANGES ? issue : undo(issue, later, notes);
    return { ...then, ...changed.get(number) };
  }

  async function readIssue(input: Json, ask: () => Promise<Answer>): Promise<Answer> {
    const answer = await ask();
    if (!answer.ok) {
      if (answer.error.code === "gone") notes.add(`issue ${input["issue"]} is gone for ever`);
      return answer;
    }
    const then = await issueThen(camelKeys(answer.value) as Json);
    return then
      ? { ok: true, value: snakeKeys(then) }
      : { ok: false, error: { code: "not_found", message: "Issue not found" } };
  }

  async function readComments(ask: () => Promise<Answer>): Promise<Answer> {
    const answer = await ask();
    if (!answer.ok) return answer;
    const page = camelKeys(answer.value) as { items: { createdAt: string }[] };
    notes.add("comments that were edited or deleted since are as they are now");
    return { ok: true, value: snakeKeys({ ...page, items: page.items.filter(({ createdAt }) => createdAt <= at) }) };
  }

  /** What a mutation would have been answered, as far as that can be guessed. */
  async function pretend(op: string, input: Json, host: Host): Promise<Answer> {
    sent.push({ command: op, input, ok: true });
    const { issue: number, patch } = input as { issue?: unknown; patch?: Json };
    if (number === undefined || !op.startsWith("issue.")) {
      notes.add(`what ${op} would have answered is not known`);
      return { ok: true, value: {} };
    }
    const { issue: _, project: __, patch: ___, comment: ____, ...fields } = input;
    changed.set(number, { ...changed.get(number), ...fields, ...patch });
    return readIssue(input, () => host.call("issue.get", { issue: number }));
  }

  return {
    notes,
    sent,
    wrap:
      (host: Host): Host["call"] =>
      async (op, args) => {
        if (!isCommandName(op)) return host.call(op, args);
        const input = camelKeys(args ?? {}) as Json;
        if (commands[op].kind === "mutation") return pretend(op, input, host);
        if (op === "issue.get") return readIssue(input, () => host.call(op, args));
        if (op === "comment.list") return readComments(() => host.call(op, args));
        notes.add(`${op} is answered as of now`);
        return host.call(op, args);
      },
  };
}
