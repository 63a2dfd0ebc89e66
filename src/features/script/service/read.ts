import { setImmediate } from "node:timers/promises";
import type { Input, Output } from "../../../../protocol/index.ts";
import type { ScriptContext } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { toPage } from "../../../kernel/page.ts";
import { readNameCursor } from "../../org/by-name.ts";
import { listRevisionRows } from "../repository/revision.ts";
import { listRunRows } from "../repository/run.ts";
import { findScript, listScriptRows } from "../repository/script.ts";
import { unifiedDiff } from "../unified-diff.ts";
import { homeOf } from "./declare.ts";

export async function listScripts(ctx: ScriptContext, input: Input<"script.list">): Promise<Output<"script.list">> {
  const { cursor, limit } = input;
  const { orgId, projectId } = homeOf(ctx);
  const rows = await listScriptRows(ctx.db, { orgId, projectId, after: readNameCursor(cursor), limit: limit + 1 });
  return toPage(rows, limit, ({ name, id }) => [name, id]);
}

export async function getScript(ctx: ScriptContext, input: Input<"script.get">): Promise<Output<"script.get">> {
  return found(await findScript(ctx.db, input.scriptId), "Script");
}

export async function listRevisions(
  ctx: ScriptContext,
  { scriptId, cursor, limit }: Input<"script.revisions">,
): Promise<Output<"script.revisions">> {
  const rows = await listRevisionRows(ctx.db, { scriptId, cursor, limit: limit + 1 });
  const page = toPage(rows, limit, (row) => row.cursorValues);
  const items: Output<"script.revisions">["items"] = [];
  for (const [i, { cursorValues: _, ...revision }] of page.items.entries()) {
    items.push({ ...revision, diff: unifiedDiff(rows[i + 1], revision) });
    // A page of long sources takes a while.
    await setImmediate();
  }
  return { items, nextCursor: page.nextCursor };
}

export async function listRuns(ctx: ScriptContext, input: Input<"script.logs">): Promise<Output<"script.logs">> {
  const { scriptId, status, cursor, limit } = input;
  return listRunRows(ctx.db, { scriptId, status, cursor, limit });
}
