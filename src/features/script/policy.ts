import { events, type Triggers } from "../../../protocol/index.ts";
import { nearest } from "../issue/query/near.ts";

/** Of a project, and of an organization for all its projects. */
export const MAX_SCRIPTS = 100;
/** Of one script. */
const MAX_SCHEDULES = 20;

type Scope = "project" | "org";

/** What scripts themselves do sets off none. */
const isOfScripts = (type: string): boolean => type.startsWith("script.");

/** The types that a script may hear: those of its project, in an organization those of both. */
const heardIn = (scope: Scope): string[] =>
  Object.entries(events)
    .filter(([type, { streams }]) => !isOfScripts(type) && streams.some((kind) => kind === "project" || kind === scope))
    .map(([type]) => type);

const subjectOf = (type: string): string => `${type.slice(0, type.indexOf("."))}.*`;

function faultOfEvent(name: string, scope: Scope): string | undefined {
  const types = heardIn(scope);
  const known = ["*", ...new Set(types.map(subjectOf)), ...types];
  if (known.includes(name)) return undefined;
  if (isOfScripts(name)) return `${name}: what scripts do sets off no script`;
  if (scope === "project" && heardIn("org").includes(name))
    return `${name} is heard by scripts of an organization only`;
  const meant = nearest(name, known);
  return `there is no event ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

/** What is wrong with what a source wants to hear, and the name that it uses for it. */
export function faultOf(
  { events: names, schedules }: Triggers,
  scope: Scope,
): { name?: string; message: string } | undefined {
  for (const name of names) {
    const message = faultOfEvent(name, scope);
    if (message !== undefined) return { name, message };
  }
  if (schedules.length > MAX_SCHEDULES) return { message: `at most ${MAX_SCHEDULES} schedules` };
  return undefined;
}

/** The first line that names an event, counted from 1. */
export function lineOf(source: string, name: string): number | null {
  const place = source.split("\n").findIndex((line) => line.includes(`"${name}"`) || line.includes(`'${name}'`));
  return place < 0 ? null : place + 1;
}
