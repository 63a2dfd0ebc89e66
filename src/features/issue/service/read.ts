import type { Input, Issue, Output } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { invalid } from "../../../kernel/errors.ts";
import { findIssue } from "../repository/find.ts";
import { listCards } from "../repository/list.ts";
import { missing } from "./find.ts";

export async function getIssue(ctx: ProjectContext, input: Input<"issue.get">): Promise<Issue> {
  const issue = await findIssue(ctx.db, { project: ctx.project, number: input.issue });
  if (!issue) throw await missing(ctx, ctx.db, input.issue);
  return issue;
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The moment that an ISO time or an age like `7d` names; 1970 for any before, since Postgres does not know the year 0. */
function momentOf(text: string, now: Date): Date {
  const age = /^(\d+)([mhdw])$/.exec(text);
  const unit = age?.[2] as keyof typeof unitMs | undefined;
  return new Date(Math.max(0, age && unit ? now.getTime() - Number(age[1]) * unitMs[unit] : Date.parse(text)));
}

const toArray = <T extends string>(filter: T | T[] | undefined): T[] | undefined =>
  typeof filter === "string" ? [filter] : filter;

export async function listIssues(ctx: ProjectContext, input: Input<"issue.list">): Promise<Output<"issue.list">> {
  const { q, sort = q === undefined ? "updated" : "relevance", updatedBefore, cursor, limit } = input;
  if (sort === "relevance" && q === undefined) throw invalid("sort", "relevance needs q");
  const me = (id: string) => (id === "me" ? ctx.actor.id : id);
  return listCards(ctx.db, ctx.project, {
    q,
    sort,
    cursor,
    limit,
    statuses: toArray(input.status),
    types: toArray(input.type),
    kinds: toArray(input.kind),
    priorities: toArray(input.priority),
    stageIds: toArray(input.stageId),
    assignees: toArray(input.assignee)?.map(me),
    reporterIds: toArray(input.reporter)?.map(me),
    updatedBefore: updatedBefore === undefined ? undefined : momentOf(updatedBefore, ctx.now()),
  });
}
