import type { Drill } from "./drill.ts";
import { freeze } from "./freeze.ts";
import { killInstance } from "./kill-instance.ts";
import { postgresRestart } from "./postgres-restart.ts";
import { redisStop } from "./redis-stop.ts";
import { rolling } from "./rolling.ts";

/** Every drill, the most telling first. */
export const drills: readonly Drill[] = [killInstance, redisStop, postgresRestart, freeze, rolling];
