/** A table of figures: the cells of each row by column. */
export type Table = { title: string; note?: string; rows: Record<string, string | number | undefined>[] };

function format(cell: string | number | undefined): string {
  if (cell === undefined || Number.isNaN(cell)) return "-";
  if (typeof cell === "string") return cell;
  if (cell >= 100) return Math.round(cell).toLocaleString("en-US");
  return cell >= 10 ? cell.toFixed(1) : cell.toFixed(2);
}

/** Aligned, and valid Markdown. */
export function tableText({ title, note, rows }: Table): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = [columns, ...rows.map((row) => columns.map((column) => format(row[column])))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  const lineOf = (line: string[]) =>
    `| ${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [`### ${title}`, ...(note ? [note] : []), "", lineOf(head), rule, ...body.map(lineOf), ""].join("\n");
}

const rounded = (cell: string | number | undefined) => (typeof cell === "number" ? Number(cell.toPrecision(5)) : cell);

/** All tables on one line, for programs. */
export const jsonLine = (machine: object, tables: Table[]): string =>
  JSON.stringify({
    machine,
    tables: tables.map(({ title, rows }) => ({
      title,
      rows: rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, cell]) => [column, rounded(cell)]))),
    })),
  });
