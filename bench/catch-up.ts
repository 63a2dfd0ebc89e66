import { tokenOf } from "./people.ts";
import type { Table } from "./report.ts";
import { median, quantile } from "./rounds.ts";
import { projectRef } from "./seed.ts";
import { closeAll, type Side } from "./sides.ts";
import { openWire, type Wire } from "./wire.ts";

const MISSED = 100;
const TIMES = 50;

type Page = { nextCursor: string | null };
const dataOf = <T>(json: string): T => (JSON.parse(json) as [{ data: T }])[0].data;

/** Bytes of a whole board, page by page. */
async function wholeBoard(wire: Wire, project: string): Promise<number> {
  const first = await wire.ask("board.get", { project, perColumn: 100 });
  let bytes = Buffer.byteLength(first);
  for (const column of dataOf<{ columns: (Page & { stageId: string })[] }>(first).columns) {
    for (let cursor = column.nextCursor; cursor !== null; ) {
      const page = await wire.ask("board.column", { project, stageId: column.stageId, cursor, limit: 100 });
      bytes += Buffer.byteLength(page);
      cursor = dataOf<Page>(page).nextCursor;
    }
  }
  return bytes;
}

/** A client that was away for a hundred events of a large board. */
export async function measureCatchUp({ ours, board }: { ours: Side; board: number }): Promise<Table> {
  const project = projectRef(board);
  const to = { port: ours.server.port, token: tokenOf(1) };
  const wire = await openWire(to);
  const { epoch, head } = dataOf<{ epoch: string; head: number }>(await wire.ask("project.subscribe", { project }));
  for (let i = 0; i < MISSED; i += 1) await wire.ask("issue.move", ours.moveIssue(board));
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < TIMES; i += 1) {
    const back = await openWire(to);
    const sent = performance.now();
    const answer = await back.ask("project.subscribe", { project, since: { epoch, seq: head } });
    times.push(performance.now() - sent);
    bytes = Buffer.byteLength(answer);
    const { events } = dataOf<{ events: unknown[] }>(answer);
    if (events.length < MISSED) throw new Error(`${events.length} events came back, not ${MISSED}`);
    back.close();
  }
  const whole = await wholeBoard(wire, project);
  closeAll([wire]);
  return {
    title: "Coming back",
    note: `${MISSED} events missed on a board of 10,000 issues. Aims: 5 % of the board's bytes, 10 ms.`,
    rows: [
      {
        "catch-up": `${MISSED} moves`,
        "ms p50": median(times),
        "ms p95": quantile(times, 0.95),
        KB: bytes / 1000,
        "board KB": whole / 1000,
        "% of the board": (100 * bytes) / whole,
      },
    ],
  };
}
