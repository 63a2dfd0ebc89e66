import { tokenOf } from "./people.ts";
import type { Table } from "./report.ts";
import { median, quantile } from "./rounds.ts";
import { projectRef, stageId } from "./seed.ts";
import { closeAll, type Side } from "./sides.ts";
import { openWire } from "./wire.ts";

type BoardPlan = {
  ours: Side;
  loads: number;
  boards: { project: number; what: string; input: { perColumn?: number } }[];
};

export async function measureBoard({ ours, loads, boards }: BoardPlan): Promise<Table> {
  const wire = await openWire({ port: ours.server.port, token: tokenOf(1) });
  const rows: Table["rows"] = [];
  for (const { project, what, input } of boards) {
    const times: number[] = [];
    let bytes = 0;
    for (let i = -5; i < loads; i += 1) {
      const sent = performance.now();
      const answer = await wire.ask("board.get", { project: projectRef(project), ...input });
      if (i >= 0) times.push(performance.now() - sent);
      bytes = Buffer.byteLength(answer);
    }
    rows.push({ board: what, "median ms": median(times), "p95 ms": quantile(times, 0.95), KB: bytes / 1000 });
  }
  wire.close();
  return { title: "Board, first page", note: "Aim with 10,000 issues: under 60 ms and 150 KB.", rows };
}

/** What one subscriber of a quiet room gets, with the frame's head. */
export async function measureBytes(ours: Side): Promise<Table> {
  const port = ours.server.port;
  const rows: Table["rows"] = [];
  const project = projectRef(2);
  const sender = await openWire({ port, token: tokenOf(1) });
  let heard = (_bytes: number): void => {};
  const subscriber = await openWire({ port, token: tokenOf(2) }, (json, frameBytes) => {
    if (json.toString("latin1", 0, 9) === '["events"') heard(frameBytes);
  });
  await subscriber.ask("project.subscribe", { project });
  // Issue 2 was seeded into the third stage.
  const commands: [string, string, object][] = [
    ["issue.create", "issue.create", { project, title: "Fix the cart after a reload, once and for all" }],
    ["issue.move to another stage", "issue.move", { project, issue: 2, stageId: stageId(2, 0), after: null }],
    ["issue.move within the stage", "issue.move", { project, issue: 2 }],
  ];
  for (const [what, name, input] of commands) {
    const arrived = new Promise<number>((resolve) => {
      heard = resolve;
    });
    await sender.ask(name, input);
    rows.push({ "one event": what, bytes: await arrived });
  }
  closeAll([sender, subscriber]);
  return { title: "Bytes on the wire per subscriber", note: "Aims: 350 for a move, 500 for a create.", rows };
}
