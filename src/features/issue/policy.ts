import type { Issue, ProjectRole } from "../../../protocol/index.ts";

const isDeveloper = (role: ProjectRole): boolean => role === "developer" || role === "admin";

/** Reporters create issues, but planning fields are the developers' to set. */
export const mayPlan = isDeveloper;

/** Developers edit everything, reporters the words of what they reported. */
export const mayEdit = (
  editor: { id: string; role: ProjectRole },
  issue: Pick<Issue, "reporter">,
  fields: string[],
): boolean =>
  isDeveloper(editor.role) ||
  (issue.reporter.id === editor.id && fields.every((field) => field === "title" || field === "description"));

/** What each kind may stand under. Each step goes up, so there can be no cycle. */
const above: Record<Issue["kind"], Issue["kind"] | null> = {
  epic: null,
  story: "epic",
  task: "story",
  subtask: "story",
};

export const mayStandUnder = (kind: Issue["kind"], parent: Issue["kind"]): boolean => above[kind] === parent;
