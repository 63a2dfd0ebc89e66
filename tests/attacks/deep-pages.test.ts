/** Many pages down, while others go on writing: no page costs more than the first, nothing is skipped or repeated. */
import { expect, test } from "vitest";
import type { ClientInput } from "../../protocol/index.ts";
import { startAppForTest } from "../support/harness.ts";
import { seedIssues } from "../support/seed.ts";
import { createWorld } from "../support/world.ts";
import { quantile, report, size } from "./target.ts";

const ISSUES = size(3000, 100_000);
const PAGES = size(300, 1000);
const sorts: ClientInput<"issue.list">["sort"][] = ["created", "updated", "rank", "priority"];

test(`${PAGES} pages of ${ISSUES} issues`, { timeout: 600_000 }, async () => {
  const app = await startAppForTest({ sweepMs: null });
  const { ann, bob, project, projectId, stage } = await createWorld(app, {
    members: { ann: "developer", bob: "developer" },
    listening: false,
  });
  // In parts: one statement may take no longer than any other.
  for (let left = ISSUES; left > 0; left -= 10_000) {
    await seedIssues(app, { projectId, count: Math.min(left, 10_000), stageIds: Object.values(stage) });
  }
  await app.parts.database.pool.query("analyze");

  for (const sort of sorts) {
    const seen = new Map<number, number>();
    const waits: number[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const asked = performance.now();
      const page = await ann.ok("issue.list", { project, sort, limit: ISSUES / PAGES, cursor });
      waits.push(performance.now() - asked);
      for (const { number } of page.items) seen.set(number, (seen.get(number) ?? 0) + 1);
      cursor = page.nextCursor;
      if (waits.length % 10 === 0) await bob.ok("issue.create", { project, title: `${sort} ${waits.length}` });
    }
    const firstMs = quantile(waits.slice(0, 50), 0.5);
    const lastMs = quantile(waits.slice(-50), 0.5);
    report("S10 deep pages", { sort, issues: ISSUES, pages: waits.length, firstMs, lastMs });

    expect([...seen].filter(([, times]) => times > 1)).toEqual([]);
    const missing = Array.from({ length: ISSUES }, (_, i) => i + 1).filter((number) => !seen.has(number));
    expect([sort, missing]).toEqual([sort, []]);
    expect(waits.length).toBeGreaterThanOrEqual(PAGES);
  }
});
