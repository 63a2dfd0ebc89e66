import type { KeyScope } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { listProjectRefs } from "../repository.ts";

type Shown = { scopes: KeyScope[] | null; projects: { ref: string; orgId: string }[] | null };

/** What the API key in use allows; null: no limits. */
export async function showGrant({ db, caller: { grant } }: Context): Promise<Shown> {
  if (!grant) return { scopes: null, projects: null };
  const projects = grant.projectIds && (await listProjectRefs(db, grant.projectIds));
  return { scopes: [...grant.scopes], projects };
}
