import type { Issue, Transition } from "../../../protocol/index.ts";

type Step = { kind: Issue["kind"]; from: Issue["status"]; to: Issue["status"] };

/** Whether a project with these transitions lets an issue of that kind go from one status to another. */
export const mayTransit = (transitions: Transition[], { kind, from, to }: Step): boolean =>
  from === to ||
  transitions.length === 0 ||
  transitions.some((allowed) => allowed.from === from && allowed.to === to && (allowed.kinds?.includes(kind) ?? true));
