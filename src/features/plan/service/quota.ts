import type { DailyQuota } from "../../../../protocol/index.ts";
import { AppError } from "../../../kernel/errors.ts";
import { mayAdd, type Room } from "../policy.ts";

const words = { members: "members", projects: "projects", commands: "commands today", scriptRuns: "script runs today" };

/** Throws `quota_exceeded` when the plan leaves no room for one more. */
export function checkRoom(quota: DailyQuota | "members" | "projects", room: Room, retryAfterMs?: number): void {
  if (mayAdd(room)) return;
  throw new AppError("quota_exceeded", `The plan of this organization allows ${room.limit} ${words[quota]}`, {
    details: { quota, ...room },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
