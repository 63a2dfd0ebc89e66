import { type Ground, openRaces } from "./race.ts";
import { createScene } from "./scene.ts";

const race = openRaces();

async function createKinds(ground: Ground, kinds: Record<string, "epic" | "story" | "task">) {
  const scene = await createScene(ground);
  const number: Record<string, number> = {};
  for (const [title, kind] of Object.entries(kinds)) {
    number[title] = (await ground.ann.ok("issue.create", { project: scene.project, title, kind })).number;
  }
  return { ...scene, number };
}

race("a parent cycle made from two sides", async (ground) => {
  const { project, streams, number } = await createKinds(ground, { a: "epic", b: "epic" });
  const under = (parent: number) => ({ kind: "story", parent }) as const;
  return {
    project,
    streams,
    commands: {
      a: ({ ann }) => ann.call("issue.update", { project, issue: number.a, patch: under(number.b) }),
      b: ({ bob }) => bob.call("issue.update", { project, issue: number.b, patch: under(number.a) }),
    },
  };
});

race("a child put under a parent that becomes another kind", async (ground) => {
  const { project, streams, number } = await createKinds(ground, { parent: "epic", child: "story" });
  const { parent, child } = number;
  return {
    project,
    streams,
    commands: {
      child: ({ ann }) => ann.call("issue.update", { project, issue: child, patch: { parent } }),
      parent: ({ bob }) => bob.call("issue.update", { project, issue: parent, patch: { kind: "task" } }),
    },
  };
});

race("a child created under a parent that is deleted", async (ground) => {
  const { project, streams, number } = await createKinds(ground, { parent: "epic" });
  const child = { project, title: "child", kind: "story", parent: number.parent } as const;
  return {
    project,
    streams,
    commands: {
      child: ({ ann }) => ann.call("issue.create", child),
      delete: ({ bob }) => bob.call("issue.delete", { project, issue: number.parent }),
    },
  };
});

race("a child put under a parent that is purged", async (ground) => {
  const { project, streams, number } = await createKinds(ground, { parent: "epic", child: "story" });
  const { parent, child } = number;
  return {
    project,
    streams,
    commands: {
      child: ({ ann }) => ann.call("issue.update", { project, issue: child, patch: { parent } }),
      purge: ({ bob }) => bob.call("issue.purge", { project, issue: parent }),
    },
  };
});

race("a circle of blocks made from two sides", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a", "b"] });
  const { a, b } = issue;
  return {
    project,
    streams,
    look: ({ ann }) => ann.ok("relation.list", { project, issue: a }),
    commands: {
      a: ({ ann }) => ann.call("relation.add", { project, issue: a, target: b, type: "blocks" }),
      b: ({ bob }) => bob.call("relation.add", { project, issue: b, target: a, type: "blocks" }),
    },
  };
});

race("a circle of three blocks", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a", "b", "c"] });
  const blocks = (from: string, to: string) =>
    ({ project, issue: issue[from], target: issue[to], type: "blocks" }) as const;
  return {
    project,
    streams,
    look: ({ ann }) =>
      Promise.all(Object.values(issue).map((number) => ann.ok("relation.list", { project, issue: number }))),
    commands: {
      a: ({ ann }) => ann.call("relation.add", blocks("a", "b")),
      b: ({ bob }) => bob.call("relation.add", blocks("b", "c")),
      c: ({ ann }) => ann.call("relation.add", blocks("c", "a")),
    },
  };
});

race("one relation told from both sides", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a", "b"] });
  const { a, b } = issue;
  return {
    project,
    streams,
    look: ({ ann }) => ann.ok("relation.list", { project, issue: a }),
    commands: {
      a: ({ ann }) => ann.call("relation.add", { project, issue: a, target: b, type: "duplicates" }),
      b: ({ bob }) => bob.call("relation.add", { project, issue: b, target: a, type: "is_duplicated_by" }),
    },
  };
});

race("a relation to an issue that is purged", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a", "b"] });
  const { a, b } = issue;
  return {
    project,
    streams,
    look: ({ ann }) => ann.ok("relation.list", { project, issue: a }),
    commands: {
      relate: ({ ann }) => ann.call("relation.add", { project, issue: a, target: b, type: "relates_to" }),
      purge: ({ bob }) => bob.call("issue.purge", { project, issue: b }),
    },
  };
});
