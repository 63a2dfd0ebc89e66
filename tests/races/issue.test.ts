import { openRaces } from "./race.ts";
import { createScene } from "./scene.ts";

const race = openRaces();

race("two updates that saw the same version", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  const at = { project, issue: issue.a, expect: 1 };
  return {
    project,
    streams,
    commands: {
      title: ({ ann }) => ann.call("issue.update", { ...at, patch: { title: "A" } }),
      priority: ({ bob }) => bob.call("issue.update", { ...at, patch: { priority: "critical" } }),
    },
  };
});

race("one command sent to both instances", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  const input = { project, issue: issue.a, patch: { priority: "critical" }, commandId: crypto.randomUUID() } as const;
  return {
    project,
    streams,
    commands: {
      sent: ({ ann }) => ann.call("issue.update", input),
      again: ({ ann }) => ann.call("issue.update", input),
    },
  };
});

race("one command id for two commands", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  const at = { project, issue: issue.a, commandId: crypto.randomUUID() };
  return {
    project,
    streams,
    commands: {
      title: ({ ann }) => ann.call("issue.update", { ...at, patch: { title: "A" } }),
      priority: ({ ann }) => ann.call("issue.update", { ...at, patch: { priority: "critical" } }),
    },
  };
});

race("two moves to the top", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { todo: ["a", "b"], doing: ["c"] });
  const to = { project, stageId: stage.doing, after: null };
  return {
    project,
    streams,
    commands: {
      a: ({ ann }) => ann.call("issue.move", { ...to, issue: issue.a }),
      b: ({ bob }) => bob.call("issue.move", { ...to, issue: issue.b }),
    },
  };
});

race("two issues moved below each other", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a", "c", "b"] });
  return {
    project,
    streams,
    commands: {
      a: ({ ann }) => ann.call("issue.move", { project, issue: issue.a, after: issue.b }),
      b: ({ bob }) => bob.call("issue.move", { project, issue: issue.b, after: issue.a }),
    },
  };
});

race("a move below an issue that is deleted", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { todo: ["a"], doing: ["b", "c"] });
  return {
    project,
    streams,
    commands: {
      move: ({ ann }) => ann.call("issue.move", { project, issue: issue.a, stageId: stage.doing, after: issue.b }),
      delete: ({ bob }) => bob.call("issue.delete", { project, issue: issue.b }),
    },
  };
});

race("a delete against a move", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { todo: ["a", "b"] });
  return {
    project,
    streams,
    look: ({ ann }) => ann.ok("issue.get", { project, issue: issue.a }),
    commands: {
      delete: ({ ann }) => ann.call("issue.delete", { project, issue: issue.a }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, stageId: stage.doing }),
    },
  };
});

race("two deletes", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  return {
    project,
    streams,
    commands: {
      ann: ({ ann }) => ann.call("issue.delete", { project, issue: issue.a }),
      bob: ({ bob }) => bob.call("issue.delete", { project, issue: issue.a }),
    },
  };
});

race("a restore against a purge", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  await ground.ann.ok("issue.delete", { project, issue: issue.a });
  return {
    project,
    streams,
    commands: {
      restore: ({ ann }) => ann.call("issue.restore", { project, issue: issue.a }),
      purge: ({ bob }) => bob.call("issue.purge", { project, issue: issue.a }),
    },
  };
});

race("a purge against a comment", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a", "b"] });
  return {
    project,
    streams,
    look: async ({ ann }) => {
      const ack = await ann.call("comment.list", { project, issue: issue.a });
      return ack.ok ? ack.data : ack.error.code;
    },
    commands: {
      purge: ({ ann }) => ann.call("issue.purge", { project, issue: issue.a }),
      comment: ({ cid }) => cid.call("comment.add", { project, issue: issue.a, body: "Wait!" }),
    },
  };
});

race("a comment deleted against an edit of it", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  const comment = await ground.bob.ok("comment.add", { project, issue: issue.a, body: "so" });
  const at = { project, commentId: comment.id };
  return {
    project,
    streams,
    look: ({ ann }) => ann.ok("comment.list", { project, issue: issue.a }),
    commands: {
      delete: ({ ann }) => ann.call("comment.delete", at),
      edit: ({ bob }) => bob.call("comment.edit", { ...at, body: "or so" }),
    },
  };
});

race("two bulk moves of the same issues, named in opposite order", async (ground) => {
  const { project, streams, stage, issue } = await createScene(ground, { todo: ["a", "b", "c"] });
  const { a, b, c } = issue;
  return {
    project,
    streams,
    commands: {
      doing: ({ ann }) => ann.call("issue.bulk", { project, issues: [a, b, c], move: { stageId: stage.doing } }),
      done: ({ bob }) => bob.call("issue.bulk", { project, issues: [c, b, a], move: { stageId: stage.done } }),
    },
  };
});

race("a bulk change against a delete of one of its issues", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a", "b", "c"] });
  return {
    project,
    streams,
    commands: {
      bulk: ({ ann }) =>
        ann.call("issue.bulk", { project, issues: Object.values(issue), patch: { priority: "critical" } }),
      delete: ({ bob }) => bob.call("issue.delete", { project, issue: issue.b }),
    },
  };
});
