import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

test("a move lands under the named issue and everyone in the room hears it", async () => {
  const { ann, bob, project, stage, issue, titles, stream } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["write"], doing: ["read", "test"] },
  });

  const reply = await ann.call("issue.move", {
    project,
    issue: issue.write,
    stageId: stage.doing,
    after: issue.read,
  });

  expect(reply).toMatchObject({
    ok: true,
    stream,
    data: { stageId: stage.doing, version: 2, status: "in_progress" },
  });
  expect(await titles("doing")).toEqual(["read", "write", "test"]);
  const event = await bob.next("issue.moved");
  expect(event).toMatchObject({ seq: reply.ok ? reply.seq : 0, data: { number: issue.write, version: 2 } });
  expect(event.data["changes"]).toEqual({
    stageId: stage.doing,
    rank: reply.ok && reply.data.rank,
    status: "in_progress",
  });
});
