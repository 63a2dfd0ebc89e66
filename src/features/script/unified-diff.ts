import { isDeepStrictEqual } from "node:util";
import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatch, structuredPatch } from "diff";

export type Version = { number: number; source: string; params: object };

/** Beyond this the search for the shortest difference takes long, and of the old text little is left anyway. */
const MAX_EDITS = 400;

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
const marked = (mark: string, lines: string[]): string[] =>
  lines.flatMap((line) =>
    line.endsWith("\n") ? [mark + line.slice(0, -1)] : [mark + line, "\\ No newline at end of file"],
  );

/** All of the one text out, all of the other in. */
function replaceAll(before: string, after: string): StructuredPatch["hunks"] {
  const [out, into] = [linesOf(before), linesOf(after)];
  const lines = [...marked("-", out), ...marked("+", into)];
  return [{ oldStart: 1, oldLines: out.length, newStart: 1, newLines: into.length, lines }];
}

/** Keys in order, since those of JSON have none. */
const paramsText = (params: object): string =>
  `${JSON.stringify(Object.fromEntries(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`;

/** What changed from one version to the next, in the source and in the params; `before` is undefined for the first. */
export function unifiedDiff(before: Version | undefined, after: Version): string {
  const patch = (file: string, textOf: (version: Version) => string): string => {
    const texts = [before ? textOf(before) : "", textOf(after)] as const;
    const headers = [before && `revision ${before.number}`, `revision ${after.number}`] as const;
    const names = [before ? file : "/dev/null", file] as const;
    const found = structuredPatch(...names, ...texts, ...headers, { context: 3, maxEditLength: MAX_EDITS });
    const whole = { oldFileName: names[0], newFileName: file, oldHeader: headers[0], newHeader: headers[1] };
    return formatPatch(found ?? { ...whole, hunks: replaceAll(...texts) }, FILE_HEADERS_ONLY);
  };
  const isSame = isDeepStrictEqual(before?.params ?? {}, after.params);
  return [
    before?.source === after.source ? "" : patch("source", ({ source }) => source),
    isSame ? "" : patch("params", ({ params }) => paramsText(params)),
  ].join("");
}
