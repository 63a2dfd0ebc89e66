import type { Drill } from "./drill.ts";
import { killInstance } from "./kill-instance.ts";

/** Every drill, the most telling first. */
export const drills: readonly Drill[] = [killInstance];
