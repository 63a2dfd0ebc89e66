import type { Input, Output, TimeEntry } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { AppError, found, invalid } from "../../kernel/errors.ts";
import { transact } from "../../kernel/transact.ts";
import { checkPresent, missing } from "../issue/service/find.ts";
import { liesAhead, MAX_TOTAL_SECONDS, mayDeleteEntry } from "./policy.ts";
import {
  deleteEntryRow,
  findEntry,
  findTimedIssue,
  insertEntry,
  listEntries,
  reportByIssue,
  reportByUser,
  type TimedIssue,
} from "./repository.ts";

export async function listTime(ctx: ProjectContext, input: Input<"time.list">): Promise<Output<"time.list">> {
  const { cursor, limit } = input;
  return ctx.database.snapshot(async (db) => {
    const issue = await timedIssue(ctx, db, input.issue);
    return { ...(await listEntries(db, { issue, cursor, limit })), totalSeconds: issue.timeSpentSeconds };
  });
}

export async function logTime(ctx: ProjectContext, input: Input<"time.log">): Promise<TimeEntry> {
  const { project } = ctx;
  const { issue: number, seconds, description, loggedAt } = input;
  if (loggedAt !== undefined && liesAhead(loggedAt, ctx.now())) throw invalid("loggedAt", "lies in the future");
  return transact(ctx, project.stream, async (tx) => {
    const issue = await timedIssue(ctx, tx, number);
    checkPresent(issue);
    const before = issue.timeSpentSeconds;
    if (before + seconds > MAX_TOTAL_SECONDS) throw invalid("seconds", "the issue's total would be over 68 years");
    const at = { projectId: project.id, issueId: issue.id, userId: ctx.actor.id };
    const { id, user, ...rest } = await insertEntry(tx, { ...at, seconds, description, loggedAt });
    const entry = { id, issue: number, user, ...rest };
    tx.emit("time.logged", { entry }, { issue: number, changes: [totalChange(before, before + seconds)] });
    return entry;
  });
}

export async function deleteTime(ctx: ProjectContext, input: Input<"time.delete">): Promise<Output<"time.delete">> {
  const { project } = ctx;
  return transact(ctx, project.stream, async (tx) => {
    const entry = found(await findEntry(tx, { projectId: project.id, entryId: input.entryId }), "Time entry");
    checkPresent(entry);
    if (!mayDeleteEntry({ id: ctx.actor.id, role: project.role }, entry)) {
      throw new AppError("forbidden", "Only its author or a project admin deletes an entry");
    }
    await deleteEntryRow(tx, entry);
    const { id: entryId, number, seconds, timeSpentSeconds } = entry;
    const changes = [totalChange(timeSpentSeconds, timeSpentSeconds - seconds)];
    tx.emit("time.deleted", { entryId, number, seconds }, { issue: number, changes });
    return {};
  });
}

export async function reportTime(ctx: ProjectContext, input: Input<"time.report">): Promise<Output<"time.report">> {
  const { from, to, groupBy } = input;
  if (new Date(from) >= new Date(to)) throw invalid("to", "must be after from");
  const span = { project: ctx.project, from, to };
  return groupBy === "user" ? reportByUser(ctx.db, span) : reportByIssue(ctx.db, span);
}

async function timedIssue(ctx: ProjectContext, db: Db, number: number): Promise<TimedIssue> {
  const issue = await findTimedIssue(db, { projectId: ctx.project.id, number });
  if (!issue) throw await missing(ctx, db, number);
  return issue;
}

const totalChange = (from: number, to: number) => ({ field: "timeSpentSeconds", from, to });
