import type { Input, Output } from "../../../../protocol/index.ts";
import type { Context, OrgContext } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { findNextPlan, findPlanOf, listPlanRows, updatePlanOf } from "../repository.ts";

export const listPlans = async (ctx: Context): Promise<Output<"plan.list">> => ({
  items: await listPlanRows(ctx.db),
  nextCursor: null,
});

export const getPlan = async (ctx: OrgContext): Promise<Output<"plan.get">> =>
  found(await findPlanOf(ctx.db, ctx.org.id), "Organization");

/** Throws when new organizations could not be made. */
export async function checkDefaultPlan({ db, config }: Pick<Context, "db" | "config">): Promise<void> {
  const ids = (await listPlanRows(db)).map(({ id }) => id);
  if (ids.includes(config.DEFAULT_PLAN)) return;
  throw new Error(`DEFAULT_PLAN: saw ${JSON.stringify(config.DEFAULT_PLAN)}, need one of ${ids.join(", ")}`);
}

export async function setPlan(ctx: OrgContext, input: Input<"plan.set">): Promise<Output<"plan.set">> {
  const { id: orgId, stream } = ctx.org;
  return transact(ctx, stream, async (tx) => {
    const next = found(await findNextPlan(tx, { orgId, planId: input.plan }), "Plan");
    const { presentId, presentName, ...plan } = next;
    if (presentId === plan.id) return plan;
    await updatePlanOf(tx, { orgId, planId: plan.id });
    const change = { field: "plan", from: presentId, to: plan.id, fromName: presentName, toName: plan.name };
    tx.emit("plan.changed", { orgId, plan }, { changes: [change] });
    return plan;
  });
}
