import { type Ground, openRaces } from "./race.ts";
import { createScene } from "./scene.ts";

const race = openRaces();

/** A scene where one more issue may stand in doing. */
async function createLimited(ground: Ground, issues: Parameters<typeof createScene>[1]) {
  const scene = await createScene(ground, issues);
  const wipLimit = (issues?.doing?.length ?? 0) + 1;
  await ground.ann.ok("stage.update", { project: scene.project, stageId: scene.stage.doing, patch: { wipLimit } });
  return scene;
}

race("two moves into a limit of one", async (ground) => {
  const { project, streams, stage, issue } = await createLimited(ground, { todo: ["a", "b"] });
  const stageId = stage.doing;
  return {
    project,
    streams,
    commands: {
      a: ({ ann }) => ann.call("issue.move", { project, issue: issue.a, stageId }),
      b: ({ bob }) => bob.call("issue.move", { project, issue: issue.b, stageId }),
    },
  };
});

race("a move, a new issue and a change of status into a limit of one", async (ground) => {
  const { project, streams, stage, issue } = await createLimited(ground, { todo: ["a", "b"] });
  const stageId = stage.doing;
  return {
    project,
    streams,
    commands: {
      move: ({ ann }) => ann.call("issue.move", { project, issue: issue.a, stageId }),
      create: ({ cid }) => cid.call("issue.create", { project, title: "c", stageId }),
      status: ({ bob }) => bob.call("issue.update", { project, issue: issue.b, patch: { status: "in_progress" } }),
    },
  };
});

race("two restores into a limit of one", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { doing: ["a", "b"] });
  for (const number of Object.values(issue)) await ground.ann.ok("issue.delete", { project, issue: number });
  await ground.ann.ok("stage.update", { project, stageId: stage.doing, patch: { wipLimit: 1 } });
  return {
    project,
    streams,
    commands: {
      a: ({ ann }) => ann.call("issue.restore", { project, issue: issue.a }),
      b: ({ bob }) => bob.call("issue.restore", { project, issue: issue.b }),
    },
  };
});

race("a limit lowered against a move into it", async (ground) => {
  const { project, streams, stage, issue } = await createLimited(ground, { todo: ["a"], doing: ["b"] });
  return {
    project,
    streams,
    commands: {
      lower: ({ ann }) => ann.call("stage.update", { project, stageId: stage.doing, patch: { wipLimit: 1 } }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, stageId: stage.doing }),
    },
  };
});

race("delete of a stage against a move into it", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { todo: ["a"], doing: ["b"], done: ["c"] });
  return {
    project,
    streams,
    commands: {
      delete: ({ ann }) => ann.call("stage.delete", { project, stageId: stage.doing, moveTo: stage.done }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, stageId: stage.doing, after: null }),
    },
  };
});

race("delete of a stage, to nowhere, against a move into it", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { todo: ["a"], doing: ["b"] });
  return {
    project,
    streams,
    commands: {
      delete: ({ ann }) => ann.call("stage.delete", { project, stageId: stage.doing }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, stageId: stage.doing }),
    },
  };
});

race("delete of a stage against a move out of it", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { doing: ["a", "b"] });
  return {
    project,
    streams,
    commands: {
      delete: ({ ann }) => ann.call("stage.delete", { project, stageId: stage.doing, moveTo: stage.todo }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, stageId: stage.done }),
    },
  };
});

race("two stages deleted, each into the other", async (ground) => {
  const { project, streams, stage } = await createScene(ground, { todo: ["a"], doing: ["b"] });
  const { todo, doing } = stage;
  return {
    project,
    streams,
    commands: {
      todo: ({ ann }) => ann.call("stage.delete", { project, stageId: todo, moveTo: doing }),
      doing: ({ bob }) => bob.call("stage.delete", { project, stageId: doing, moveTo: todo }),
    },
  };
});

race("another status of a stage against another status of its issue", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { doing: ["a", "b"] });
  return {
    project,
    streams,
    commands: {
      stage: ({ ann }) => ann.call("stage.update", { project, stageId: stage.doing, patch: { status: "closed" } }),
      issue: ({ bob }) => bob.call("issue.update", { project, issue: issue.a, patch: { status: "resolved" } }),
    },
  };
});

race("stages put in order against a delete of one", async (ground) => {
  const { project, streams, stage } = await createScene(ground);
  const { todo, doing, done } = stage;
  return {
    project,
    streams,
    commands: {
      reorder: ({ ann }) => ann.call("stage.reorder", { project, stageIds: [done, doing, todo] }),
      delete: ({ bob }) => bob.call("stage.delete", { project, stageId: doing }),
    },
  };
});

race("a workflow against a move that it refuses", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { todo: ["a"] });
  const transitions = [{ from: "open", to: "in_progress" }] as const;
  return {
    project,
    streams,
    look: ({ ann }) => ann.ok("workflow.get", { project }),
    commands: {
      workflow: ({ ann }) => ann.call("workflow.set", { project, transitions: [...transitions] }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, stageId: stage.done }),
    },
  };
});
