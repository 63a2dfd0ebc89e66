import type { Drill } from "./drill.ts";
import { freeze } from "./freeze.ts";
import { killInstance } from "./kill-instance.ts";
import { migrate } from "./migrate.ts";
import { offline } from "./offline.ts";
import { postgresRestart } from "./postgres-restart.ts";
import { randomKill } from "./random-kill.ts";
import { redisStop } from "./redis-stop.ts";
import { restore } from "./restore.ts";
import { revoke } from "./revoke.ts";
import { rolling } from "./rolling.ts";
import { slowConsumer } from "./slow-consumer.ts";
import { soak } from "./soak.ts";
import { thundering } from "./thundering.ts";

/** Every drill, the most telling first. */
export const drills: readonly Drill[] = [
  killInstance,
  redisStop,
  postgresRestart,
  freeze,
  slowConsumer,
  thundering,
  offline,
  revoke,
  rolling,
  randomKill,
  migrate,
  restore,
  soak,
];
