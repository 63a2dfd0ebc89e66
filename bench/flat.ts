import type { Script } from "./pgbench.ts";
import type { Table } from "./report.ts";
import { alternate, median, ratioOf } from "./rounds.ts";
import type { Side } from "./sides.ts";
import { loadProject } from "./throughput.ts";

type Board = { project: number; issues: number };
type Plan = { ours: Side; large: Board; small: Board; rounds: number; seconds: number };
const CLIENTS = 8;

/** Whether commands get slower as a board grows. */
export async function measureFlatness({ ours, large, small, rounds, seconds }: Plan): Promise<Table> {
  const rows: Table["rows"] = [];
  for (const command of ["issue.create", "issue.move"] satisfies Script[]) {
    const rateOf = async ({ project }: Board) =>
      (await loadProject(ours, { command, clients: CLIENTS, project }, seconds)).perSecond;
    const rates = await alternate(rounds, { large: () => rateOf(large), small: () => rateOf(small) });
    rows.push({
      "commands/s": `${command}, ${CLIENTS} clients`,
      "large : small": ratioOf(rates.large, rates.small),
      [`${large.issues} issues`]: median(rates.large),
      [`${small.issues} issues`]: median(rates.small),
    });
  }
  return { title: "Flat in size", note: "Aim: at least 0.9.", rows };
}
