/** The Lua API that scripts see, as data: the functions themselves, the documents and the stub for editors come from it. */
import type { CommandName } from "./index.ts";
import { contextClass, scriptGlobals, scriptJson } from "./script-globals.ts";
import { commentClass, issueClass, relationClass, timeEntryClass } from "./script-issue.ts";
import { orgClass, projectClass, smallClasses, sprintClass, userClass } from "./script-project.ts";
import { isMirror, type Mirror, type ScriptClass, type ScriptFunction } from "./script-types.ts";

export const scriptClasses = {
  context: contextClass,
  project: projectClass,
  issue: issueClass,
  sprint: sprintClass,
  user: userClass,
  comment: commentClass,
  relation: relationClass,
  time_entry: timeEntryClass,
  ...smallClasses,
  org: orgClass,
} satisfies Record<string, ScriptClass>;
export type ScriptClassName = keyof typeof scriptClasses;

const allFunctions = (): (ScriptFunction | Mirror)[] => [
  ...Object.values(scriptGlobals),
  ...Object.values(scriptJson),
  ...Object.values(scriptClasses as Record<string, ScriptClass>).flatMap(({ methods = {} }) => Object.values(methods)),
];
const loaders = (): CommandName[] =>
  Object.values(scriptClasses as Record<string, ScriptClass>).flatMap(({ load }) => load ?? []);

/** All that a script may send; its methods send nothing else. */
export const callableCommands: readonly CommandName[] = [
  ...new Set([
    ...allFunctions().flatMap((method) => (isMirror(method) ? [method.command] : (method.sends ?? []))),
    ...loaders(),
  ]),
].sort();
