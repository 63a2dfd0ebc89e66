import { type Ground, openRaces, type People } from "./race.ts";
import { createScene } from "./scene.ts";

const race = openRaces();

/** Planned sprints by name, one week each. */
async function createPlanned(ground: Ground, names: string[], issues: Parameters<typeof createScene>[1] = {}) {
  const scene = await createScene(ground, issues);
  const sprint: Record<string, string> = {};
  for (const [week, name] of names.entries()) {
    const startsAt = new Date(Date.UTC(2090, 0, 7 * week)).toISOString();
    const endsAt = new Date(Date.UTC(2090, 0, 7 * week + 5)).toISOString();
    sprint[name] = (await ground.ann.ok("sprint.create", { project: scene.project, name, startsAt, endsAt })).id;
  }
  return { ...scene, sprint };
}

/** The sprint now is active, with the issues named in it; next is planned. */
async function createActive(ground: Ground, issues: Parameters<typeof createScene>[1], inSprint: string[]) {
  const scene = await createPlanned(ground, ["now", "next"], issues);
  const { project, sprint, issue } = scene;
  for (const title of inSprint) {
    await ground.ann.ok("issue.setSprint", { project, issue: issue[title], sprintId: sprint.now });
  }
  await ground.ann.ok("sprint.start", { project, sprintId: sprint.now });
  return scene;
}

const lookAt =
  (project: string) =>
  ({ ann }: People) =>
    Promise.all([ann.ok("sprint.list", { project }), ann.ok("backlog.list", { project })]);

race("two sprints started", async (ground) => {
  const { project, streams, sprint } = await createPlanned(ground, ["one", "two"]);
  return {
    project,
    streams,
    commands: {
      one: ({ ann }) => ann.call("sprint.start", { project, sprintId: sprint.one }),
      two: ({ bob }) => bob.call("sprint.start", { project, sprintId: sprint.two }),
    },
  };
});

race("one sprint started twice", async (ground) => {
  const { project, streams, sprint } = await createPlanned(ground, ["one"]);
  return {
    project,
    streams,
    commands: {
      ann: ({ ann }) => ann.call("sprint.start", { project, sprintId: sprint.one }),
      bob: ({ bob }) => bob.call("sprint.start", { project, sprintId: sprint.one }),
    },
  };
});

race("a sprint started against its delete", async (ground) => {
  const { project, streams, sprint } = await createPlanned(ground, ["one"]);
  return {
    project,
    streams,
    commands: {
      start: ({ ann }) => ann.call("sprint.start", { project, sprintId: sprint.one }),
      delete: ({ bob }) => bob.call("sprint.delete", { project, sprintId: sprint.one }),
    },
  };
});

race("a sprint deleted against an issue that is put in it", async (ground) => {
  const { project, streams, sprint, issue } = await createPlanned(ground, ["one"], { todo: ["a"] });
  return {
    project,
    streams,
    commands: {
      delete: ({ ann }) => ann.call("sprint.delete", { project, sprintId: sprint.one }),
      put: ({ bob }) => bob.call("issue.setSprint", { project, issue: issue.a, sprintId: sprint.one }),
    },
  };
});

race("an issue put in a sprint against becoming an epic", async (ground) => {
  const { project, streams, sprint, issue } = await createPlanned(ground, ["one"], { todo: ["a"] });
  return {
    project,
    streams,
    commands: {
      put: ({ ann }) => ann.call("issue.setSprint", { project, issue: issue.a, sprintId: sprint.one }),
      epic: ({ bob }) => bob.call("issue.update", { project, issue: issue.a, patch: { kind: "epic" } }),
    },
  };
});

race("sprint completion against a move to done", async (ground) => {
  const { project, streams, sprint, stage, issue } = await createActive(ground, { todo: ["a", "b"] }, ["a", "b"]);
  return {
    project,
    streams,
    look: lookAt(project),
    commands: {
      complete: ({ ann }) => ann.call("sprint.complete", { project, sprintId: sprint.now, unfinished: sprint.next }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, stageId: stage.done }),
    },
  };
});

race("sprint completion against an issue that is put in it", async (ground) => {
  const { project, streams, sprint, issue } = await createActive(ground, { todo: ["a", "b"] }, ["b"]);
  return {
    project,
    streams,
    look: lookAt(project),
    commands: {
      complete: ({ ann }) => ann.call("sprint.complete", { project, sprintId: sprint.now }),
      put: ({ bob }) => bob.call("issue.setSprint", { project, issue: issue.a, sprintId: sprint.now }),
    },
  };
});

race("sprint completion against delete of the sprint that takes the rest", async (ground) => {
  const { project, streams, sprint } = await createActive(ground, { todo: ["a"], done: ["b"] }, ["a", "b"]);
  return {
    project,
    streams,
    look: lookAt(project),
    commands: {
      complete: ({ ann }) => ann.call("sprint.complete", { project, sprintId: sprint.now, unfinished: sprint.next }),
      delete: ({ bob }) => bob.call("sprint.delete", { project, sprintId: sprint.next }),
    },
  };
});

race("one sprint completed twice, with other places for the rest", async (ground) => {
  const { project, streams, sprint } = await createActive(ground, { todo: ["a"] }, ["a"]);
  return {
    project,
    streams,
    look: lookAt(project),
    commands: {
      backlog: ({ ann }) => ann.call("sprint.complete", { project, sprintId: sprint.now }),
      next: ({ bob }) => bob.call("sprint.complete", { project, sprintId: sprint.now, unfinished: sprint.next }),
    },
  };
});

race("sprint completion against a move, one that leaves and one that enters", async (ground) => {
  const { project, streams, sprint, stage, issue } = await createActive(ground, { todo: ["a", "b", "c"] }, ["a", "b"]);
  return {
    project,
    streams,
    look: lookAt(project),
    commands: {
      complete: ({ ann }) => ann.call("sprint.complete", { project, sprintId: sprint.now, unfinished: sprint.next }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, stageId: stage.done }),
      leave: ({ ann }) => ann.call("issue.setSprint", { project, issue: issue.b, sprintId: null }),
      enter: ({ bob }) => bob.call("issue.setSprint", { project, issue: issue.c, sprintId: sprint.now }),
    },
  };
});
