/** Ids of nothing, of what is gone, and of what belongs to others: for every command and every id in its input. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { commands } from "../../protocol/index.ts";
import { type Running, startApp } from "../support/harness.ts";
import { type InnerCommand, innerCommands, inputFor } from "./fixtures.ts";
import { type Cast, openCast, type Scene, senderOf, setScene } from "./scene.ts";

let app: Running;
let cast: Cast;
beforeAll(async () => {
  app = await startApp();
  cast = await openCast(app);
});
afterAll(async () => {
  cast.close();
  await app.close();
});
beforeEach(() => void app.complaints.splice(0));

/** Where an id that leads nowhere is answered otherwise than by `not_found`. */
const exceptions: Record<string, string> = {
  "issue.create assigneeIds": "invalid",
  "issue.setAssignees userIds": "invalid",
  "stage.reorder stageIds": "invalid",
  "lane.reorder laneIds": "invalid",
  // Filters: what matches nothing gives an empty list.
  "issue.list assignee": "ok",
  "issue.list reporter": "ok",
  "issue.list stageId": "ok",
  "issue.list laneId": "ok",
  "issue.list sprintId": "ok",
  "activity.list actor": "ok",
  "activity.list issue": "ok",
  // What is not there needs no mark.
  "notification.markRead ids": "ok",
  // Nothing is looked up for what is gone in half a minute.
  "presence.set issue": "ok",
  // The command asked about acts in the project.
  "access.explain org": "ok",
  // A place in the stream, no issue.
  "sync.pull after": "ok",
};
/** Fields that may not stand together: naming the one takes the other away. */
const rivals: Record<string, string> = { email: "userId", before: "after", scriptId: "draft" };

/** A script is in a project or in an organization. */
const rivalOf = (command: InnerCommand, field: string): string =>
  commands[command].access === "script" && field === "org" ? "project" : (rivals[field] ?? "");

type Schema = { format?: string; anyOf?: Schema[]; items?: Schema; type?: string };
const isId = ({ format, anyOf = [], items }: Schema): boolean =>
  format === "uuid" || anyOf.some(isId) || (items !== undefined && isId(items));

const nowhere: Record<string, () => unknown> = {
  org: () => "no-such-org",
  project: () => "no-such-org/web",
  stream: () => `project:${randomUUID()}`,
  email: () => `nobody-${randomUUID()}@test.example`,
  issue: () => 999_999,
  after: () => 999_999,
  before: () => 999_999,
};

/** Each id of a command's input with a value that leads nowhere, alone or in a list as the field wants it. */
function idsOf(command: InnerCommand): { field: string; value: unknown; isList: boolean }[] {
  const { properties = {} } = z.toJSONSchema(commands[command].input, { io: "input" });
  return Object.entries(properties as Record<string, Schema>)
    .filter(([field, schema]) => field !== "commandId" && (field in nowhere || isId(schema)))
    .map(([field, schema]) => {
      const value = nowhere[field]?.() ?? randomUUID();
      const isList = [schema, ...(schema.anyOf ?? [])].some(({ type }) => type === "array");
      return { field, value: isList ? [value] : value, isList };
    });
}

async function answerWith(command: InnerCommand, at: Scene, changed: Record<string, unknown>): Promise<string> {
  const input = await inputFor(command, at, at.as.owner);
  for (const field of Object.keys(changed)) delete input[rivalOf(command, field)];
  const ack = await senderOf(at, command, at.as.owner).send(command, { ...input, ...changed });
  return ack.ok ? "ok" : ack.error.code;
}

const withIds = innerCommands.filter((command) => idsOf(command).length > 0);

test.each(withIds)("%s with an id of nothing", async (command) => {
  const ids = idsOf(command);
  const at = await setScene(cast);

  const answers: Record<string, string> = {};
  for (const { field, value } of ids) answers[field] = await answerWith(command, at, { [field]: value });

  const expected = ids.map(({ field }) => [field, exceptions[`${command} ${field}`] ?? "not_found"]);
  expect(answers).toEqual(Object.fromEntries(expected));
  expect(app.complaints).toEqual([]);
});

const stageFields = ["stageId", "stageIds", "moveTo"];
const stageIdsOf = (command: InnerCommand) => idsOf(command).filter(({ field }) => stageFields.includes(field));

test.each(withIds.filter((command) => stageIdsOf(command).length > 0))(
  "%s with a stage of another project",
  async (command) => {
    const at = await setScene(cast);
    const foreign = (await setScene(cast)).stages[0];

    for (const { field, isList } of stageIdsOf(command)) {
      const answer = await answerWith(command, at, { [field]: isList ? [foreign] : foreign });
      expect([field, answer]).toEqual([field, exceptions[`${command} ${field}`] ?? "not_found"]);
    }
    expect(app.complaints).toEqual([]);
  },
);

const onIssues = withIds.filter((command) => idsOf(command).some(({ field }) => field === "issue"));

test.each(onIssues)("%s with an issue that was removed for ever", async (command) => {
  const at = await setScene(cast);
  const { number: issue } = await at.maker.ok("issue.create", { project: at.project, title: "Short-lived" });
  await at.maker.ok("issue.purge", { project: at.project, issue });

  expect(await answerWith(command, at, { issue })).toBe(exceptions[`${command} issue`] ?? "gone");
  expect(app.complaints).toEqual([]);
});

test("a place beyond the end of a stream is not taken for its head", async () => {
  const { maker, stream } = await setScene(cast);
  const { head } = await maker.ok("sync.pull", { stream, after: 0 });

  const beyond = await maker.ok("sync.pull", { stream, after: head + 100 });

  expect(beyond).toMatchObject({ events: [], head, more: false });
});

test("these commands name nothing that could be missing", () => {
  const without = innerCommands.filter((command) => !withIds.includes(command));
  expect(without).toMatchInlineSnapshot(`
    [
      "auth.session",
      "session.whoami",
      "session.renew",
      "session.list",
      "session.revokeAll",
      "profile.update",
      "profile.setPassword",
      "user.subscribe",
      "user.unsubscribe",
      "org.create",
      "org.list",
      "notification.list",
      "notification.setPrefs",
      "draft.list",
      "draft.get",
      "draft.save",
      "draft.delete",
      "gallery.list",
      "template.list",
      "plan.list",
    ]
  `);
});
