import { openRaces, type People } from "./race.ts";
import { createOrg, createScene } from "./scene.ts";

const race = openRaces();

const membersOf =
  (org: string, who: keyof People) =>
  async (at: People): Promise<unknown> =>
    (await at[who].ok("member.list", { org })).items;

race("ownership handed over twice", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin", cid: "member" });
  const { bob, cid } = ground;
  return {
    streams: [orgStream],
    look: membersOf(org, "cid"),
    commands: {
      bob: ({ ann }) => ann.call("org.transfer", { org, userId: bob.userId }),
      cid: ({ ann }) => ann.call("org.transfer", { org, userId: cid.userId }),
    },
  };
});

race("ownership handed to someone who leaves", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin", cid: "member" });
  const { userId } = ground.bob;
  return {
    streams: [orgStream],
    look: membersOf(org, "cid"),
    commands: {
      transfer: ({ ann }) => ann.call("org.transfer", { org, userId }),
      leave: ({ bob }) => bob.call("member.remove", { org, userId }),
    },
  };
});

race("the two last owners leaving", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "owner", cid: "member" });
  return {
    streams: [orgStream],
    look: membersOf(org, "cid"),
    commands: {
      ann: ({ ann }) => ann.call("member.remove", { org, userId: ann.userId }),
      bob: ({ bob }) => bob.call("member.remove", { org, userId: bob.userId }),
    },
  };
});

race("one of two owners leaving while the other steps down", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "owner", cid: "member" });
  return {
    streams: [orgStream],
    look: membersOf(org, "cid"),
    commands: {
      leave: ({ ann }) => ann.call("member.remove", { org, userId: ann.userId }),
      stepDown: ({ bob }) => bob.call("member.setRole", { org, userId: bob.userId, role: "admin" }),
    },
  };
});

race("two owners who demote each other", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "owner", cid: "member" });
  const [annId, bobId] = [ground.ann.userId, ground.bob.userId];
  return {
    streams: [orgStream],
    look: membersOf(org, "cid"),
    commands: {
      ann: ({ ann }) => ann.call("member.setRole", { org, userId: bobId, role: "member" }),
      bob: ({ bob }) => bob.call("member.setRole", { org, userId: annId, role: "member" }),
    },
  };
});

race("one person added twice", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin" });
  const { userId } = ground.cid;
  return {
    streams: [orgStream],
    look: membersOf(org, "ann"),
    commands: {
      member: ({ ann }) => ann.call("member.add", { org, userId, role: "member" }),
      admin: ({ bob }) => bob.call("member.add", { org, userId, role: "admin" }),
    },
  };
});

race("a member removed against an issue assigned to them", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin", cid: "member" });
  const { project, streams, issue } = await createScene({ ...ground, org }, { todo: ["a"] });
  const { userId } = ground.cid;
  return {
    project,
    streams: [...streams, orgStream],
    look: membersOf(org, "ann"),
    commands: {
      remove: ({ ann }) => ann.call("member.remove", { org, userId }),
      assign: ({ bob }) => bob.call("issue.setAssignees", { project, issue: issue.a, userIds: [userId] }),
    },
  };
});

race("a guest's role taken away against an issue assigned to them", async (ground) => {
  const { org } = await createOrg(ground, { bob: "admin" });
  const { project, streams, issue } = await createScene({ ...ground, org }, { todo: ["a"] });
  const { userId } = ground.cid;
  await ground.ann.ok("project.addMember", { project, userId, role: "developer" });
  return {
    project,
    streams,
    commands: {
      remove: ({ ann }) => ann.call("project.removeMember", { project, userId }),
      assign: ({ bob }) => bob.call("issue.setAssignees", { project, issue: issue.a, userIds: [userId] }),
    },
  };
});

race("a member removed against joining a project", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin", cid: "member" });
  const { project, streams } = await createScene({ ...ground, org });
  return {
    project,
    streams: [...streams, orgStream],
    look: membersOf(org, "ann"),
    commands: {
      remove: ({ ann, cid }) => ann.call("member.remove", { org, userId: cid.userId }),
      join: ({ cid }) => cid.call("project.join", { project }),
    },
  };
});

race("a member removed against a command of theirs", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin", cid: "member" });
  const { project, streams, issue } = await createScene({ ...ground, org }, { todo: ["a"] });
  await ground.ann.ok("project.addMember", { project, userId: ground.cid.userId, role: "developer" });
  return {
    project,
    streams: [...streams, orgStream],
    inAnyOrder: true,
    look: membersOf(org, "ann"),
    commands: {
      remove: ({ ann, cid }) => ann.call("member.remove", { org, userId: cid.userId }),
      comment: ({ cid }) => cid.call("comment.add", { project, issue: issue.a, body: "One more thing" }),
    },
  };
});

race("one draft saved from two windows that saw the same version", async ({ ann }) => {
  const name = crypto.randomUUID();
  await ann.ok("draft.save", { name, payload: { title: "one" } });
  const save = (at: People, title: string) => at.ann.call("draft.save", { name, payload: { title }, expect: 1 });
  return {
    streams: [],
    look: (at) => at.ann.ok("draft.get", { name }),
    commands: { two: (at) => save(at, "two"), three: (at) => save(at, "three") },
  };
});
