import { settingNames } from "../../src/kernel/config.ts";

/** Tests hurry: these are for the settings of those that are not about limits. */
export const highLimits: Record<string, string> = Object.fromEntries(
  settingNames.filter((name) => name.startsWith("RATE_LIMIT_")).map((name) => [name, "100000000"]),
);
