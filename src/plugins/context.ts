import type { LoadedProject, LoadedScript, Person } from "../features/script/repository/running.ts";
import type { LoggedEvent } from "../kernel/event-log.ts";
import { snakeKeys } from "./keys.ts";

/** The names under which scripts hear an event: a move that changed the status is a change of status too. */
export function namesOf({ type, data }: Pick<LoggedEvent, "type" | "data">): string[] {
  // Else scripts would set themselves off by running.
  if (type.startsWith("script.")) return [];
  const changes = data["changes"] as Record<string, unknown> | undefined;
  const movedStatus = type === "issue.moved" && changes?.["status"] !== undefined;
  return movedStatus ? [type, "issue.status_changed"] : [type];
}

const fits = (pattern: string, name: string): boolean =>
  pattern === name || pattern === "*" || (pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -1)));

export const hears = (patterns: readonly string[], event: Pick<LoggedEvent, "type" | "data">): boolean =>
  namesOf(event).some((name) => patterns.some((pattern) => fits(pattern, name)));

/** What set a run off. */
export type Trigger =
  | { kind: "event"; stream: string; event: LoggedEvent }
  /** `place` counts from 1 in the triggers. */
  | { kind: "schedule"; place: number; scheduledFor: string };

type Surroundings = {
  script: Pick<LoadedScript, "id" | "name" | "org" | "params">;
  project: LoadedProject | null;
  people: readonly Person[];
  run: { id: string; depth: number; dryRun: boolean };
  /** The clock of the run, which stands still. */
  now: string;
};

const changesOf = ({ changes }: LoggedEvent) =>
  Object.fromEntries(changes.map(({ field, ...change }) => [field, change]));

/** The sprint that an event is about, or the id of one that is gone. */
function sprintOf({ type, data }: LoggedEvent): unknown {
  if (!type.startsWith("sprint.")) return null;
  const sprint = data["sprint"] as { id?: unknown } | undefined;
  return sprint?.id ?? data["sprintId"] ?? null;
}

/** What `enter` is given for a run: see docs/scripts.md for what scripts see of it. */
export function inputOf(trigger: Trigger, { script, project, people, run, now }: Surroundings): object {
  const event = trigger.kind === "event" ? trigger.event : undefined;
  const actor = event && people.find(({ id }) => id === event.actor.id);
  const user = actor && { id: actor.id, name: actor.displayName, kind: actor.kind };
  const context = {
    event: event && {
      ...event,
      actor: { ...event.actor, name: actor?.displayName ?? "Rhythm" },
      changes: changesOf(event),
    },
    project,
    org: script.org,
    script: { id: script.id, name: script.name },
    user,
    run,
    now,
    tick: trigger.kind === "schedule" ? trigger.scheduledFor : undefined,
    issue: event?.issue ?? undefined,
    sprintId: (event && sprintOf(event)) ?? undefined,
    // 31 bits of the run's id: random for people, the same when it is tried again.
    seed: Number.parseInt(run.id.slice(0, 8), 16) >>> 1,
  };
  const [name, ...also] = event ? namesOf(event) : [];
  return {
    mode: "run",
    ...(trigger.kind === "schedule" ? { schedule: trigger.place } : { event: name, also }),
    // Names that their author chose stay as they are.
    context: { ...(snakeKeys(context) as object), params: script.params },
  };
}
