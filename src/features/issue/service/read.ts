import type { Input, Issue, Output } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { invalid } from "../../../kernel/errors.ts";
import { listTagIds } from "../../tag/repository.ts";
import { findIssue } from "../repository/find.ts";
import { listCards } from "../repository/list.ts";
import { missing } from "./find.ts";
import { readQuery } from "./query.ts";

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

const toArray = <T extends string | number>(filter: T | T[] | undefined): T[] | undefined =>
  filter === undefined || Array.isArray(filter) ? filter : [filter];

export async function listIssues(ctx: ProjectContext, input: Input<"issue.list">): Promise<Output<"issue.list">> {
  const { updatedBefore, cursor, limit } = input;
  const query = await readQuery(ctx, input.q);
  if (input.sort && query.sort && input.sort !== query.sort) throw invalid("sort", "q asks for another order");
  const sort = input.sort ?? query.sort ?? (query.text === undefined ? "updated" : "relevance");
  if (sort === "relevance" && query.text === undefined) throw invalid("sort", "relevance needs words in q");
  const me = (id: string) => (id === "me" ? ctx.actor.id : id);
  return listCards(ctx.db, ctx.project, {
    q: query.text,
    terms: query.terms,
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
    tagIds: input.tag === undefined ? undefined : await listTagIds(ctx.db, ctx.project.id, toArray(input.tag) ?? []),
    sprints: toArray(input.sprintId),
    lanes: toArray(input.laneId),
    parents: toArray(input.parent),
    fields: input.field,
    updated: updatedBefore === undefined ? undefined : [{ to: momentOf(updatedBefore, ctx.now()) }],
  });
}
