import { openRaces } from "./race.ts";
import { createScene } from "./scene.ts";

const race = openRaces();

race("two tags of one name", async (ground) => {
  const { project, streams } = await createScene(ground);
  return {
    project,
    streams,
    commands: {
      ann: ({ ann }) => ann.call("tag.create", { project, name: "shop", color: "#aa0000" }),
      bob: ({ bob }) => bob.call("tag.create", { project, name: "shop", color: "#00bb00" }),
    },
  };
});

race("a tag renamed to the name of a new one", async (ground) => {
  const { project, streams } = await createScene(ground);
  const { id: tagId } = await ground.ann.ok("tag.create", { project, name: "cart" });
  return {
    project,
    streams,
    commands: {
      rename: ({ ann }) => ann.call("tag.update", { project, tagId, patch: { name: "shop" } }),
      create: ({ bob }) => bob.call("tag.create", { project, name: "shop", color: "#00bb00" }),
    },
  };
});

race("a tag deleted against being put on an issue", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  const { id: tagId } = await ground.ann.ok("tag.create", { project, name: "shop" });
  return {
    project,
    streams,
    commands: {
      delete: ({ ann }) => ann.call("tag.delete", { project, tagId }),
      put: ({ bob }) => bob.call("issue.setTags", { project, issue: issue.a, tagIds: [tagId] }),
    },
  };
});

race("a lane deleted against a move into it", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  const { id: laneId } = await ground.ann.ok("lane.create", { project, name: "urgent" });
  return {
    project,
    streams,
    commands: {
      delete: ({ ann }) => ann.call("lane.delete", { project, laneId }),
      move: ({ bob }) => bob.call("issue.move", { project, issue: issue.a, laneId }),
    },
  };
});

race("a field deleted against a value for it", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  const { id: fieldId } = await ground.ann.ok("field.create", { project, name: "customer", kind: "text" });
  return {
    project,
    streams,
    look: ({ ann }) => ann.ok("field.list", { project }),
    commands: {
      delete: ({ ann }) => ann.call("field.delete", { project, fieldId }),
      set: ({ bob }) => bob.call("issue.setField", { project, issue: issue.a, fieldId, value: "Smith" }),
    },
  };
});

race("an option removed against its choice", async (ground) => {
  const { project, streams, issue } = await createScene(ground, { todo: ["a"] });
  const made = { project, name: "size", kind: "select", options: ["small", "large"] } as const;
  const { id: fieldId } = await ground.ann.ok("field.create", { ...made, options: [...made.options] });
  return {
    project,
    streams,
    look: ({ ann }) => ann.ok("field.list", { project }),
    commands: {
      remove: ({ ann }) => ann.call("field.update", { project, fieldId, patch: { options: ["small"] } }),
      choose: ({ bob }) => bob.call("issue.setField", { project, issue: issue.a, fieldId, value: "large" }),
    },
  };
});
