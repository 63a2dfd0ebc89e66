import type { Limits } from "../../../src/plugins/sandbox/job.ts";
import { calls, results } from "./crossing.ts";
import { afterTheHook, endless } from "./endless.ts";
import { escapes } from "./escapes.ts";
import { logs, memory, recursion } from "./excess.ts";
import { native } from "./native.ts";
import type { Hostile } from "./script.ts";

/** Filling the memory takes a busy machine some time; waiting takes all there is. */
const limits: Record<string, Partial<Limits>> = { memory: { cpuMs: 5000, wallMs: 20_000 }, calls: { wallMs: 500 } };
const groups = { endless, afterTheHook, native, memory, recursion, escapes, results, calls, logs };

export const hostileScripts: readonly Hostile[] = Object.entries(groups).flatMap(([group, list]) =>
  list.map((script) => ({
    ...script,
    name: `${group}: ${script.name}`,
    limits: { ...limits[group], ...script.limits },
  })),
);
