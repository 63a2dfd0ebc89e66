import type { Input, Output, Usage } from "../../../../protocol/index.ts";
import type { OrgContext } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { findPlanOf } from "../../plan/repository.ts";
import { dayNumber, dayText } from "../day.ts";
import { countBelongings, listFailingScripts, listPrincipals, listUsageDays } from "../repository.ts";
import { mapQuotas } from "../tally.ts";

async function readToday(ctx: OrgContext): Promise<Usage> {
  const { day, resetsAt, used, limits } = await ctx.usage.today(ctx.org.id);
  return { day, resetsAt, ...mapQuotas((quota) => ({ used: used[quota], limit: limits[quota] })) };
}

export async function showToday(ctx: OrgContext): Promise<Output<"usage.today">> {
  const usage = await readToday(ctx);
  return { ...usage, principals: await listPrincipals(ctx.db, { orgId: ctx.org.id, day: usage.day }) };
}

export async function showHistory(ctx: OrgContext, input: Input<"usage.history">): Promise<Output<"usage.history">> {
  const at = { orgId: ctx.org.id, day: dayText(dayNumber(ctx.now())), days: input.days };
  return { items: await listUsageDays(ctx.db, at) };
}

export async function showOverview(ctx: OrgContext): Promise<Output<"org.overview">> {
  const { id: orgId } = ctx.org;
  const [plan, usage, counts, failingScripts] = await Promise.all([
    findPlanOf(ctx.db, orgId),
    readToday(ctx),
    countBelongings(ctx.db, orgId),
    listFailingScripts(ctx.db, orgId),
  ]);
  return { plan: found(plan, "Organization"), usage, ...counts, failingScripts };
}
