import { z } from "zod";
import { exampleId, Id, Name, Nothing, OrgRef, ProjectRef, page, paging, Time, UserRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";

/** It is copied to the stack of the Lua machine, and sent in packets of 64 KiB. */
export const MAX_SOURCE_BYTES = 48 * 1024;
export const Source = z
  .string()
  .min(1)
  .refine((text) => new TextEncoder().encode(text).length <= MAX_SOURCE_BYTES, "at most 48 KiB")
  .describe("Lua 5.4; what it can do is in docs/scripts.md. At most 48 KiB.");
/** Values that the source reads as `params`. */
export const Params = z.record(
  z.string().regex(/^[a-z][a-z0-9_]{0,39}$/),
  z.union([z.string().max(2000), z.number(), z.boolean()]),
);
const TimeoutMs = z.int().min(100).max(30_000).nullable().describe("Longest run; null: SCRIPT_TIMEOUT_MS.");

export const Schedule = z.strictObject({ cron: z.string(), timeZone: z.string() });
export type Schedule = z.infer<typeof Schedule>;
/** What sets a script off, as its source says by `on_event` and `on_schedule`. */
export const Triggers = z.strictObject({
  events: z.array(z.string()).describe("Types, or all of a subject as `issue.*`."),
  schedules: z.array(Schedule),
});
export type Triggers = z.infer<typeof Triggers>;

export const Script = z.strictObject({
  id: z.uuid(),
  org: OrgRef,
  project: ProjectRef.nullable().describe("null: for all projects of the organization."),
  name: z.string(),
  enabled: z.boolean(),
  disabledReason: z.string().nullable().describe("Why it was disabled by itself; null when a person did that."),
  owner: UserRef.describe("Whose rights it has: who saved this source."),
  triggers: Triggers,
  params: Params,
  revision: z.int(),
  timeoutMs: z.int().nullable(),
  failures: z.int().describe("Runs in a row that failed; at 5 it is disabled."),
  createdAt: Time,
  updatedAt: Time,
});
export type Script = z.infer<typeof Script>;
const WithSource = Script.extend({ source: z.string() });

export const ScriptRevision = z.strictObject({
  number: z.int(),
  author: UserRef,
  createdAt: Time,
  source: z.string(),
  params: Params,
  diff: z.string().describe("What changed since the revision before, as a unified diff."),
});

export const runErrors = [
  "script_error",
  "cpu_limit",
  "time_limit",
  "memory_limit",
  "log_limit",
  "call_limit",
  "chain_too_deep",
  "diverged",
  "crashed",
  "unavailable",
  "internal",
] as const;

/** A run that is over. */
export const ScriptRun = z.strictObject({
  id: z.uuid(),
  scriptId: z.uuid(),
  revision: z.int(),
  project: ProjectRef.nullable(),
  trigger: z.enum(["event", "schedule", "manual"]),
  stream: z.string().nullable().describe("With seq and eventType: the event that set it off."),
  seq: z.int().nullable(),
  eventType: z.string().nullable(),
  scheduledFor: Time.nullable(),
  depth: z.int().describe("In a chain of scripts that set each other off; 1 for the first, 5 at most."),
  attempt: z.int(),
  status: z.enum(["ok", "failed", "refused"]),
  error: z
    .strictObject({ code: z.enum(runErrors), message: z.string(), line: z.int().nullable() })
    .nullable()
    .describe("Errors of commands that the script let pass are script_error."),
  output: z.string(),
  durationMs: z.number(),
  cpuMs: z.number(),
  memoryBytes: z.int(),
  hostCalls: z.int(),
  mutations: z.int(),
  startedAt: Time,
  finishedAt: Time,
});
export type ScriptRun = z.infer<typeof ScriptRun>;

/** A command that a run sent, or would send. */
export const SentCommand = z.strictObject({
  command: z.string(),
  input: z.record(z.string(), z.unknown()),
  ok: z.boolean(),
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
});
export type SentCommand = z.infer<typeof SentCommand>;

export const ScriptFault = z.strictObject({ line: z.int().nullable(), message: z.string() });

export const ScriptPolicy = z.strictObject({
  enabled: z.boolean(),
  caps: z.strictObject({
    mutationsPerRun: z.int().min(0).max(100).nullable(),
    runsPerDay: z.int().min(0).nullable(),
  }),
});
export type ScriptPolicy = z.infer<typeof ScriptPolicy>;

/** Either, where a script is to be; with a scriptId not needed. */
const place = { project: ProjectRef.optional(), org: OrgRef.optional() };
const at = { ...place, scriptId: Id };
const path = "/scripts/{scriptId}";
const example = { scriptId: exampleId };
const source = `on_event("issue.created", function(ctx)\n  ctx.issue:add_comment("Thank you, we will look at it.")\nend)`;

export const scriptCommands = {
  "script.list": query({
    summary: "The scripts of a project, or those of a whole organization, by name.",
    access: "script",
    input: { ...place, ...paging },
    output: page(Script),
    http: "GET /orgs/{org}/projects/{project}/scripts",
    example: { project: "acme/web" },
  }),
  "script.get": query({
    summary: "One script, with its source.",
    access: "script",
    input: at,
    output: WithSource,
    http: `GET ${path}`,
    example,
  }),
  "script.create": mutation({
    summary: "Make a script. What sets it off is read from the source; it acts with the rights of who saved it.",
    access: "script",
    input: {
      ...place,
      name: Name,
      source: Source,
      params: Params.default({}),
      timeoutMs: TimeoutMs.default(null),
      enabled: z.boolean().default(true),
    },
    output: WithSource,
    emits: ["script.created"],
    http: "POST /orgs/{org}/projects/{project}/scripts",
    status: 201,
    example: { project: "acme/web", name: "Welcome", source },
  }),
  "script.update": mutation({
    summary: "Change a script; only the fields present. Another source or params is a new revision, and yours.",
    access: "script",
    input: {
      ...at,
      patch: z.strictObject({
        name: Name.optional(),
        source: Source.optional(),
        params: Params.optional(),
        timeoutMs: TimeoutMs.optional(),
      }),
      expect: z.int().optional().describe("The `revision` that you saw; `conflict` when it is another by now."),
    },
    output: WithSource,
    emits: ["script.updated"],
    http: `PATCH ${path}`,
    example: { ...example, patch: { name: "Greeting" } },
  }),
  "script.delete": mutation({
    summary: "Delete a script, with its revisions and logs. What it did stays.",
    access: "script",
    input: at,
    output: Nothing,
    emits: ["script.deleted"],
    http: `DELETE ${path}`,
    example,
  }),
  "script.setEnabled": mutation({
    summary: "Enable or disable a script. It runs for what happens from then on.",
    access: "script",
    input: { ...at, enabled: z.boolean() },
    output: Script,
    emits: ["script.enabled", "script.disabled"],
    http: `POST ${path}/enabled`,
    example: { ...example, enabled: false },
  }),
  "script.revisions": query({
    summary: "The sources that a script had, newest first, each with what changed.",
    access: "script",
    // Two texts of up to 48 KiB each.
    input: { ...at, cursor: paging.cursor, limit: z.int().min(1).max(20).default(20) },
    output: page(ScriptRevision),
    http: `GET ${path}/revisions`,
    example,
  }),
  "script.rollback": mutation({
    summary: "Make the source and params of an older revision the present ones, as a new revision.",
    access: "script",
    input: { ...at, revision: z.int().min(1) },
    output: WithSource,
    emits: ["script.updated"],
    http: `POST ${path}/rollback`,
    example: { ...example, revision: 1 },
  }),
  "script.validate": query({
    summary: "Check a source without saving it: what sets it off, or what is wrong and in which line.",
    access: "script",
    input: { ...place, scriptId: Id.optional(), source: Source, params: Params.default({}) },
    output: z.strictObject({ valid: z.boolean(), errors: z.array(ScriptFault), triggers: Triggers.nullable() }),
    http: "POST /orgs/{org}/projects/{project}/scripts/validate",
    example: { project: "acme/web", source },
  }),
  "script.run": mutation({
    summary:
      "Run a script now: for a recorded event, else for the last one that would set it off, else as by the clock. A dry run, which it is unless you say otherwise, tells what it would do and changes nothing.",
    access: "script",
    input: {
      ...at,
      eventSeq: z.int().min(1).optional().describe("Of the project's stream; for an organization name `project` too."),
      dryRun: z.boolean().default(true),
    },
    output: z.strictObject({ run: ScriptRun, dryRun: z.boolean(), commands: z.array(SentCommand) }),
    errors: ["gone"],
    emits: ["script.ran", "script.failed"],
    http: `POST ${path}/run`,
    example,
  }),
  "script.replay": query({
    summary:
      "What a script would have done for past events, at most 100 at a time: issues as they were then, and `notes` where the log does not tell.",
    access: "script",
    input: { ...at, fromSeq: z.int().min(1), toSeq: z.int().min(1) },
    output: z.strictObject({
      items: z.array(
        z.strictObject({
          seq: z.int(),
          type: z.string(),
          status: z.enum(["ok", "failed"]),
          error: ScriptRun.shape.error,
          output: z.string(),
          commands: z.array(SentCommand),
          notes: z.array(z.string()),
        }),
      ),
      nextSeq: z.int().nullable().describe("Where to go on; null: done."),
    }),
    errors: ["gone"],
    http: `POST ${path}/replay`,
    example: { ...example, fromSeq: 1, toSeq: 500 },
  }),
  "script.logs": query({
    summary: "The runs of a script, latest first, kept for 30 days.",
    access: "script",
    input: { ...at, status: z.enum(["ok", "failed", "refused"]).optional(), ...paging },
    output: page(ScriptRun),
    http: `GET ${path}/logs`,
    example,
  }),
  "script.setPolicy": mutation({
    summary:
      "Whether scripts run in an organization, or in the project named, and how much they may do; only what is present changes.",
    access: "org:admin",
    input: {
      org: OrgRef,
      project: ProjectRef.optional(),
      enabled: z.boolean().optional(),
      caps: ScriptPolicy.shape.caps.partial().optional().describe("Of the organization. null: what the plan says."),
    },
    output: ScriptPolicy,
    emits: ["script.policy_changed"],
    http: "PATCH /orgs/{org}/script-policy",
    example: { org: "acme", enabled: true, caps: { mutationsPerRun: 20 } },
  }),
};

const whole = z.strictObject({ script: Script });
const streams = ["project", "org"] as const;
const ran = z.strictObject({ run: ScriptRun.omit({ output: true }) });

export const scriptEvents = {
  "script.created": event({ summary: "A script was made.", streams, data: whole }),
  "script.updated": event({ summary: "A script changed.", streams, data: whole }),
  "script.enabled": event({ summary: "A script runs from now on.", streams, data: whole }),
  "script.disabled": event({
    summary: "A script does not run; `disabledReason` says why when nobody did it.",
    streams,
    data: whole,
  }),
  "script.deleted": event({
    summary: "A script is gone.",
    streams,
    data: z.strictObject({ scriptId: z.uuid() }),
  }),
  "script.ran": event({ summary: "A run is over.", streams, data: ran }),
  "script.failed": event({ summary: "A run failed, or was refused.", streams, data: ran }),
  "script.policy_changed": event({
    summary: "Scripts may do more or less.",
    streams: ["org"],
    data: z.strictObject({ project: ProjectRef.nullable(), policy: ScriptPolicy }),
  }),
};
