import type { Change, Input, Output, ScriptPolicy } from "../../../../protocol/index.ts";
import type { OrgContext } from "../../../kernel/context.ts";
import { found, invalid } from "../../../kernel/errors.ts";
import { type Tx, transact } from "../../../kernel/transact.ts";
import { changesOf } from "../../org/changes.ts";
import { type Caps, findPolicy, updateOrgPolicy, updateProjectPolicy } from "../repository/policy.ts";

type Asked = Input<"script.setPolicy">;
type Present = NonNullable<Awaited<ReturnType<typeof findPolicy>>>;

export async function setScriptPolicy(ctx: OrgContext, input: Asked): Promise<Output<"script.setPolicy">> {
  const { project } = input;
  if (project !== undefined && input.caps !== undefined) throw invalid("caps", "of an organization only");
  const { id: orgId, stream } = ctx.org;
  return transact(ctx, stream, async (tx) => {
    const present = found(await findPolicy(tx, { orgId, project }), project === undefined ? "Organization" : "Project");
    const { policy, changes } = await (project === undefined
      ? changeOrg(tx, orgId, present, input)
      : changeProject(tx, present, input));
    if (changes.length > 0) tx.emit("script.policy_changed", { project: project ?? null, policy }, { changes });
    return policy;
  });
}

const shownCaps = ({ mutationsPerRun = null, runsPerDay = null }: Caps): ScriptPolicy["caps"] => ({
  mutationsPerRun,
  runsPerDay,
});

type Changed = { policy: ScriptPolicy; changes: Change[] };

async function changeOrg(tx: Tx, orgId: string, present: Present, input: Asked): Promise<Changed> {
  const before = { enabled: present.scriptsEnabled, ...shownCaps(present.caps) };
  const changes = changesOf(before, { enabled: input.enabled, ...input.caps });
  const { enabled = before.enabled } = input;
  const { mutationsPerRun = before.mutationsPerRun, runsPerDay = before.runsPerDay } = input.caps ?? {};
  const caps = { mutationsPerRun, runsPerDay };
  if (changes.length > 0) await updateOrgPolicy(tx, { orgId, enabled, caps });
  return { policy: { enabled, caps }, changes };
}

/** What is shown is what counts there. */
async function changeProject(tx: Tx, present: Present, { enabled }: Asked): Promise<Changed> {
  const before = { enabled: present.projectEnabled ?? true };
  const changes = changesOf(before, { enabled });
  const isEnabled = enabled ?? before.enabled;
  const { projectId } = present;
  if (changes.length > 0 && projectId !== null) await updateProjectPolicy(tx, { projectId, enabled: isEnabled });
  return { policy: { enabled: present.scriptsEnabled && isEnabled, caps: shownCaps(present.caps) }, changes };
}
