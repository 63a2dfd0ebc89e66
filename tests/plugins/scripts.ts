/** A sandbox with a small API instead of the real one, and a way to run a source in it. */
import { onTestFinished } from "vitest";
import type { Job, Limits, Outcome, Sandbox } from "../../src/plugins/sandbox/job.ts";
import { createSandbox, type SandboxOptions } from "../../src/plugins/sandbox/sandbox.ts";

/** `handle(fn)` sets what `enter` calls with the input; a source without it gives null. */
const api = `
local sandbox = ...
local env, handler = sandbox.env, nil
function env.handle(fn) handler = fn end
env.call, env.log, env.json = sandbox.call, sandbox.log, sandbox.json
return function(input) if handler then return handler(input) end end
`;

const limits: Limits = { cpuMs: 150, wallMs: 20_000, memoryBytes: 32 * 1024 * 1024, outputBytes: 100 * 1024 };

export type Run = (source: string, how?: Omit<Partial<Job>, "limits"> & Partial<Limits>) => Promise<Outcome>;

export function openScripts(options: SandboxOptions = {}): { sandbox: Sandbox; run: Run } {
  const sandbox = createSandbox({ workers: 1, api, ...options });
  const run: Run = (source, { orgId = "acme", input = {}, call = echo, ...rest } = {}) =>
    sandbox.run({ orgId, source, input, call, limits: { ...limits, ...rest } });
  return { sandbox, run };
}

/** For one test. */
export function scripts(options: SandboxOptions = {}): { sandbox: Sandbox; run: Run } {
  const opened = openScripts(options);
  onTestFinished(() => opened.sandbox.close());
  return opened;
}

const echo: Job["call"] = async (op, args) => ({ ok: true, value: { op, args } });
