/** One value of a field: `at` counts UTF-16 units from 0; what stands in quotation marks is never a keyword. */
export type Value = { text: string; quoted: boolean; at: number };

/** A piece of a query. `raw` is how it was written. */
export type Token = { raw: string; at: number; negated: boolean } & (
  | { kind: "field"; name: string; values: Value[]; closed: boolean }
  | { kind: "phrase"; text: string }
  | { kind: "word"; text: string }
);

const space = /\s*/y;
// Not a field: `::` and `://`, as in std::map and https://.
const fieldStart = /([\p{L}_]+):(?![:/])/uy;
const bareValue = /[^\s,"]*/y;
const quotedValue = /"([^"]*)("?)/y;
const word = /[^\s"]+/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Values with commas between them; `end` is where the next token may begin. */
function readValues(text: string, start: number): { values: Value[]; closed: boolean; end: number } {
  const values: Value[] = [];
  let closed = true;
  let at = start;
  for (;;) {
    const quoted = matchAt(quotedValue, text, at);
    const [whole = "", inner = "", mark] = quoted ?? matchAt(bareValue, text, at) ?? [];
    values.push({ text: quoted ? inner : whole, quoted: quoted !== null, at });
    if (quoted && mark === "") closed = false;
    at += whole.length;
    if (text[at] !== ",") return { values, closed, end: at };
    at += 1;
  }
}

/** The pieces of a query, left to right. Takes any text: what is wrong with a field is for the parser to say. */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  for (let end = 0; ; ) {
    const at = end + (matchAt(space, text, end)?.[0].length ?? 0);
    if (at >= text.length) return tokens;
    const negated = text[at] === "-" && /[^\s-]/.test(text[at + 1] ?? " ");
    const start = negated ? at + 1 : at;
    const field = matchAt(fieldStart, text, start);
    const quoted = matchAt(quotedValue, text, start);
    if (field) {
      const read = readValues(text, start + field[0].length);
      end = read.end;
      const { values, closed } = read;
      tokens.push({ kind: "field", name: field[1] ?? "", values, closed, raw: text.slice(at, end), at, negated });
    } else if (quoted) {
      end = start + quoted[0].length;
      tokens.push({ kind: "phrase", text: quoted[1] ?? "", raw: text.slice(at, end), at, negated });
    } else {
      end = start + (matchAt(word, text, start)?.[0].length ?? 1);
      tokens.push({ kind: "word", text: text.slice(start, end), raw: text.slice(at, end), at, negated });
    }
  }
}
