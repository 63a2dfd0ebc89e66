/** What must not compile. Each line below the mark is wrong; `tsc -p tests` fails when one of them is allowed. */
import { z } from "zod";
import { event, mutation, query } from "../protocol/define.ts";
import type { CommandName, EventData, Input, Output } from "../protocol/index.ts";
import { handlers } from "../src/commands/registry.ts";
import { getBoard } from "../src/features/board/service.ts";
import { insertStage, listStages } from "../src/features/stage/repository.ts";
import type { Context, ContextOf, OrgContext, ProjectContext } from "../src/kernel/context.ts";
import type { Db } from "../src/kernel/db.ts";
import type { Tx } from "../src/kernel/transact.ts";
import type { Client } from "./support/client.ts";

type Stage = Output<"stage.create">;

/** Writes happen in transactions. */
export async function writes(ctx: ProjectContext, db: Db, tx: Tx, stage: Stage): Promise<void> {
  const row = { ...stage, projectId: ctx.project.id };
  await insertStage(tx, row);
  // @ts-expect-error a repository that writes takes no Db
  await insertStage(db, row);
  // @ts-expect-error nor does the Db of a context write
  ctx.db.insertInto("stages");
  // @ts-expect-error
  ctx.db.updateTable("stages");
  // @ts-expect-error
  ctx.db.deleteFrom("stages");
  // @ts-expect-error nor by a common table expression
  ctx.db.with("gone", (cte) => cte.deleteFrom("stages"));
  // @ts-expect-error and transactions are opened by transact alone
  ctx.db.transaction();
  await ctx.database.snapshot(async (moment) => {
    await listStages(moment, ctx.project.id);
    // @ts-expect-error a snapshot is for reading
    moment.insertInto("stages");
  });
  // Reads take either.
  await listStages(db, ctx.project.id);
  await listStages(tx, ctx.project.id);
}

/** Events say what the catalogue says that they say. */
export function emits(tx: Tx, stage: Stage): void {
  tx.emit("stage.created", { stage });
  // @ts-expect-error there is no such event
  tx.emit("stage.painted", { stage });
  // @ts-expect-error it carries the whole stage
  tx.emit("stage.created", { stageId: stage.id });
  // @ts-expect-error it carries nothing else
  tx.emit("stage.deleted", { stageId: stage.id, name: stage.name });
  // @ts-expect-error changes are of known fields
  tx.emit("issue.moved", { number: 1, version: 2, updatedAt: "", changes: { colour: "red" } });
}

/** The only way out of a service is an event. */
export function reaches(ctx: Context): void {
  // @ts-expect-error no socket
  ctx.io;
  // @ts-expect-error no Redis
  ctx.redis;
  // @ts-expect-error what was subscribed to is joined by the connection, not by the service
  ctx.connection?.emit("events", {});
}

const read = { summary: "", output: z.object({}) };
const spec = { ...read, emits: [] as const };

/** An access rule needs its subject in the input. */
export const rules = {
  fine: mutation({ ...spec, access: "project:admin", input: { project: z.string() }, example: { project: "a/b" } }),
  fineToo: query({ ...read, access: "org:member", input: { org: z.string() }, example: { org: "a" } }),
  fineEvent: event({ summary: "", streams: ["project"], data: z.object({}) }),
  // @ts-expect-error project access without `project`
  noProject: mutation({ ...spec, access: "project:admin", input: { org: z.string() }, example: { org: "a" } }),
  // @ts-expect-error organization access without `org`
  noOrg: query({ ...read, access: "org:member", input: {}, example: {} }),
  // @ts-expect-error stream access without `stream`
  noStream: query({ ...read, access: "stream", input: { project: z.string() }, example: { project: "a/b" } }),
  // @ts-expect-error a reference is text
  noText: query({ ...read, access: "org:member", input: { org: z.int() }, example: { org: 7 } }),
  // @ts-expect-error no such role
  noRole: query({ ...read, access: "project:owner", input: { project: z.string() }, example: { project: "a/b" } }),
  // @ts-expect-error an example that does not fit the input
  noExample: query({ ...read, access: "any", input: { name: z.string() }, example: { name: 7 } }),
  // @ts-expect-error no such kind of stream
  noKind: event({ summary: "", streams: ["board"], data: z.object({}) }),
};

type Handlers = { [N in CommandName]: (ctx: ContextOf<N>, input: Input<N>) => Promise<Output<N>> };

/** The registry is complete, and each handler fits its command. */
export function registers(): Handlers[] {
  const { "issue.move": moveIssue, ...others } = handlers;
  return [
    { ...others, "issue.move": moveIssue },
    // @ts-expect-error a handler is missing
    others,
    // @ts-expect-error a handler of another command
    { ...others, "issue.move": handlers["stage.create"] },
    // @ts-expect-error a handler that answers something else
    { ...others, "issue.move": async () => ({}) },
  ];
}

/** A service gets the subject that its access rule found. */
export async function calls(plain: Context, org: OrgContext, project: ProjectContext): Promise<void> {
  await getBoard(project, { project: "acme/web", perColumn: 50, groupBy: "stage" });
  // @ts-expect-error there is no project in it
  await getBoard(plain, { project: "acme/web", perColumn: 50, groupBy: "stage" });
  // @ts-expect-error nor in an organization's
  await getBoard(org, { project: "acme/web", perColumn: 50, groupBy: "stage" });
  // @ts-expect-error services get parsed input, with the defaults filled in
  await getBoard(project, { project: "acme/web" });
}

/** Clients send what the command takes, and get what it gives. */
export async function sends(client: Client): Promise<EventData<"issue.moved">["changes"]> {
  const issue = await client.ok("issue.move", { project: "acme/web", issue: 1, after: null });
  // @ts-expect-error there is no such command
  await client.ok("issue.paint", {});
  // @ts-expect-error an issue goes by its number
  await client.ok("issue.move", { project: "acme/web", issue: issue.id });
  // @ts-expect-error order is the server's to give
  await client.ok("issue.move", { project: "acme/web", issue: 1, rank: "a0" });
  // @ts-expect-error an issue has no such field
  return { rank: issue.position };
}
