import { z } from "zod";
import type { Declared } from "../kernel/automation.ts";
import type { Config } from "../kernel/config.ts";
import { AppError } from "../kernel/errors.ts";
import type { Sandbox } from "./sandbox/job.ts";
import { checkSchedule } from "./times.ts";

const limits = { cpuMs: 500, wallMs: 2000, outputBytes: 100 * 1024 };

/** What `enter` gives back; an empty list may come as an empty object. */
const list = <T extends z.ZodType>(item: T) =>
  z.union([z.array(item), z.strictObject({}).transform((): z.output<T>[] => [])]);
const Answer = z.object({
  events: list(z.string()),
  schedules: list(z.object({ cron: z.string(), time_zone: z.string().default("UTC") })),
});

/** What a source asks for, found out by running it without its handlers. */
export async function declareSource(
  { config, sandbox }: { config: Config; sandbox: Sandbox },
  { orgId, source, params }: { orgId: string; source: string; params: Record<string, unknown> },
): Promise<Declared> {
  const outcome = await sandbox.run({
    orgId,
    source,
    input: { mode: "declare", context: { params } },
    limits: { ...limits, memoryBytes: config.SCRIPT_MEMORY_MB * 1024 * 1024 },
    call: async () => ({ ok: false, error: { code: "forbidden", message: "only inside a handler" } }),
  });
  if (outcome.status === "aborted") throw new AppError("unavailable", "The server is stopping; try again");
  if (outcome.status !== "ok") {
    const { message, line } = outcome.error ?? { message: outcome.status.replace("_", " "), line: null };
    return { fault: { message: message.toWellFormed().replaceAll("\0", "\uFFFD"), line } };
  }
  const { events, schedules: found } = Answer.parse(outcome.value);
  const schedules = found.map(({ cron, time_zone: timeZone }) => ({ cron, timeZone }));
  const fault = schedules.map(checkSchedule).find((problem) => problem !== undefined);
  return fault === undefined
    ? { triggers: { events: [...new Set(events)], schedules } }
    : { fault: { message: fault, line: null } };
}
