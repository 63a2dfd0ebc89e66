import { freshSlug, openRaces, type People } from "./race.ts";
import { createOrg, createScene } from "./scene.ts";

const race = openRaces();

const projectsOf =
  (org: string) =>
  async ({ ann }: People): Promise<unknown> =>
    (await ann.ok("project.list", { org })).items.map(({ name, slug }) => [name, slug]);

race("two organizations of one slug", async () => {
  const slug = freshSlug();
  return {
    streams: [],
    commands: {
      ann: ({ ann }) => ann.call("org.create", { name: "Ann's", slug }),
      bob: ({ bob }) => bob.call("org.create", { name: "Bob's", slug }),
    },
  };
});

race("two projects of one slug", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin" });
  return {
    streams: [orgStream],
    look: projectsOf(org),
    commands: {
      ann: ({ ann }) => ann.call("project.create", { org, name: "Ann's", slug: "shop" }),
      bob: ({ bob }) => bob.call("project.create", { org, name: "Bob's", slug: "shop" }),
    },
  };
});

race("a project renamed to the slug of a new one", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin" });
  const { project, streams } = await createScene({ ...ground, org });
  return {
    streams: [...streams, orgStream],
    look: projectsOf(org),
    commands: {
      rename: ({ ann }) => ann.call("project.update", { project, patch: { slug: "shop" } }),
      create: ({ bob }) => bob.call("project.create", { org, name: "Shop", slug: "shop", key: "SHOP" }),
    },
  };
});

race("two projects that take the same key", async (ground) => {
  const { org } = await createOrg(ground, { bob: "admin" });
  const one = await createScene({ ...ground, org });
  const two = await createScene({ ...ground, org });
  return {
    streams: [...one.streams, ...two.streams],
    look: ({ ann }) =>
      Promise.all([one, two].map(async ({ project }) => (await ann.ok("project.get", { project })).key === "SHOP")),
    commands: {
      one: ({ ann }) => ann.call("project.update", { project: one.project, patch: { key: "SHOP" } }),
      two: ({ bob }) => bob.call("project.update", { project: two.project, patch: { key: "SHOP" } }),
    },
  };
});

race("a project archived against a new issue", async (ground) => {
  const { project, streams } = await createScene(ground);
  return {
    project,
    streams,
    inAnyOrder: true,
    look: async ({ ann }) => (await ann.ok("project.get", { project })).archivedAt,
    commands: {
      archive: ({ ann }) => ann.call("project.archive", { project }),
      create: ({ bob }) => bob.call("issue.create", { project, title: "a" }),
    },
  };
});

race("a project deleted against a new issue", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin" });
  const { project, streams } = await createScene({ ...ground, org });
  return {
    streams: [...streams, orgStream],
    look: projectsOf(org),
    commands: {
      delete: ({ ann }) => ann.call("project.delete", { project }),
      create: ({ bob }) => bob.call("issue.create", { project, title: "a" }),
    },
  };
});

race("an organization deleted against a new issue in it", async (ground) => {
  const { org, orgStream } = await createOrg(ground, { bob: "admin" });
  const { project, streams } = await createScene({ ...ground, org }, { todo: ["a"] });
  return {
    streams: [...streams, orgStream],
    look: async ({ ann }) => (await ann.ok("session.whoami", {})).orgs.filter(({ slug }) => slug === org),
    commands: {
      delete: ({ ann }) => ann.call("org.delete", { org }),
      create: ({ bob }) => bob.call("issue.create", { project, title: "b" }),
    },
  };
});
