import { afterAll } from "vitest";
import type { Outcome } from "../../src/plugins/sandbox/job.ts";
import { createSandbox } from "../../src/plugins/sandbox/sandbox.ts";
import { ann, idOf, NOW, type Office, openOffice } from "./office.ts";

const limits = { cpuMs: 2000, wallMs: 20_000, memoryBytes: 32 * 1024 * 1024, outputBytes: 100 * 1024 };

const project = { ref: "acme/web", id: idOf(90), key: "WEB", name: "Web" };
const common = {
  org: { slug: "acme", id: idOf(91), name: "Acme" },
  script: { id: idOf(9), name: "Script" },
  run: { id: idOf(92), depth: 1, dry_run: false },
  params: { days: 7 },
  now: NOW,
  seed: 42,
};
const user = { id: ann.id, name: ann.displayName, kind: "user" };

type Event = { type: string; data?: object; changes?: object; issue?: number; sprintId?: string; also?: string[] };

/** What a run for an event is given. */
export const forEvent = ({ type, data = {}, changes = {}, issue, sprintId, also = [] }: Event) => ({
  mode: "run",
  event: type,
  also,
  context: {
    ...common,
    project,
    user,
    event: { seq: 41, type, at: NOW, actor: { ...user }, data, changes },
    ...(issue !== undefined && { issue }),
    ...(sprintId !== undefined && { sprint_id: sprintId }),
  },
});
export const byClock = (more: object = { project }) => ({
  mode: "run",
  schedule: 1,
  context: { ...common, ...more, tick: NOW },
});

/** The sandbox with the real API, for all tests of a file. */
export function openApi() {
  const sandbox = createSandbox({ workers: 1 });
  afterAll(() => sandbox.close());
  const run = (source: string, input: object, office: Office = openOffice()): Promise<Outcome> =>
    sandbox.run({ orgId: "acme", source, input, limits, call: office.call });
  return {
    run,
    /** Runs statements in a handler about issue 12, and gives what they logged. */
    async inHandler(statements: string, office: Office = openOffice()): Promise<string[]> {
      const source = `on_event("issue.created", function(ctx)\nlocal issue = ctx.issue\n${statements}\nend)`;
      const { status, error, output } = await run(source, forEvent({ type: "issue.created", issue: 12 }), office);
      if (status !== "ok") throw new Error(`${status}: ${error?.message} in line ${error?.line}`);
      return output === "" ? [] : output.trimEnd().split("\n");
    },
  };
}
