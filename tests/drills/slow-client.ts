/** A client in a process of its own, so that a signal can stop it; says what it heard when asked. */
import type { Segment } from "./history.ts";
import { openMember } from "./member.ts";

export type SlowOrder = { url: string; user: number; project: number };
export type SlowReport = { segments: Segment[]; isLive: boolean };

process.once("message", async (order) => {
  const member = openMember({ ...(order as SlowOrder), withBoard: false, history: { ops: [], heard: [] } });
  await member.ready;
  process.on("message", () => {
    const report: SlowReport = {
      segments: member.heard.segments,
      isLive: member.client.state.current.status === "live",
    };
    process.send?.(report);
  });
  process.send?.("ready");
});
process.on("disconnect", () => process.exit(0));
