/** Words may hold this many mentions; the rest notifies nobody. */
const MAX_MENTIONS = 50;
/** Ends of one mention that are tried: punctuation may belong to a name or follow it. */
const MAX_ENDS = 20;

/** `@` and what follows it up to a space, but not within a word, an address or a path. */
const mention = /(?<![\p{L}\p{M}\p{N}_+%/\\@-])@(?=(\S{1,254}))/gu;
const wordSign = /[\p{L}\p{M}\p{N}_]/u;
/** These join words when a word follows: `@ann-lee`, `@ann@acme.com`, `@types/node`. */
const joint = /[-.@/+]/;

function isFence(line: string): string | undefined {
  const [, marks = "", info = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
  return marks === "" || (marks.startsWith("`") && info.includes("`")) ? undefined : marks;
}

/** Markdown without its code, fenced and between backticks. */
function withoutCode(text: string): string {
  let open: string | undefined;
  const lines = text.split("\n").filter((line) => {
    const marks = isFence(line);
    if (open === undefined) {
      open = marks;
      return marks === undefined;
    }
    if (marks?.startsWith(open) && line.trim() === marks) open = undefined;
    return false;
  });
  return lines.join("\n").replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, " ");
}

/** What a mention may mean, longest first: it ends where no word goes on. */
function readings(run: string): string[] {
  const signs = Array.from(run);
  const isWord = (i: number) => wordSign.test(signs[i] ?? "");
  const ends: string[] = [];
  for (let end = 1; end <= signs.length && ends.length < MAX_ENDS; end += 1) {
    const goesOn = isWord(end) || (joint.test(signs[end] ?? "") && isWord(end + 1));
    if (!goesOn) ends.unshift(signs.slice(0, end).join(""));
  }
  return ends;
}

/** The possible readings of each mention in a text, in lower case, longest first. */
export function findHandles(text: string): string[][] {
  if (!text.includes("@")) return [];
  const mentions: string[][] = [];
  for (const [, run = ""] of withoutCode(text).toLowerCase().matchAll(mention)) {
    if (mentions.push(readings(run)) === MAX_MENTIONS) break;
  }
  return mentions;
}

/** Someone who may be mentioned; handles in lower case, a name without its spaces. */
export type Mentionable = { id: string; handles: string[] };

/** The ids of those whom a text mentions, each once: the longest reading counts, and everyone who has that handle. */
export function findMentioned(text: string, people: Mentionable[]): string[] {
  const mentioned = findHandles(text).flatMap((handles) => {
    const handle = handles.find((reading) => people.some((person) => person.handles.includes(reading)));
    return people.filter((person) => handle !== undefined && person.handles.includes(handle)).map(({ id }) => id);
  });
  return [...new Set(mentioned)];
}
