import type { Client } from "../client/client.ts";

/** Every project that this client may see, in its organizations. */
export async function listProjects(client: Client): Promise<string[]> {
  const { orgs } = await client.session.whoami();
  const refs: string[] = [];
  for (const { slug: org } of orgs) {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await client.project.list({ org, cursor, limit: 100 });
      refs.push(...page.items.filter(({ archivedAt }) => archivedAt === null).map(({ ref }) => ref));
      cursor = page.nextCursor;
    }
  }
  return refs;
}
