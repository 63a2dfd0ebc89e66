import type { Change } from "../../../protocol/index.ts";
import type { LoggedEvent } from "../../kernel/event-log.ts";

/** An event that may concern someone. */
export type Telling = LoggedEvent & { issue: number };

/** Whom it concerns besides those whom its words mention. */
export type News = { assigned: string[]; watched: boolean; words: { before: string; after: string } };

/** Comments that change or go are no news to watchers; a mention that comes with a change is. */
const watchedTypes = [
  "issue.updated",
  "issue.moved",
  "issue.status_changed",
  "issue.assigned",
  "issue.unassigned",
  "issue.tagged",
  "issue.untagged",
  "issue.sprint_changed",
  "issue.deleted",
  "issue.restored",
  "comment.created",
];
/** A new place in the column has no history. */
const watchedWithHistory = "issue.moved";

export const isTelling = (event: LoggedEvent): event is Telling =>
  event.issue !== null &&
  ["issue.created", "comment.edited", ...watchedTypes].includes(event.type) &&
  (event.type !== watchedWithHistory || event.changes.length > 0);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Ids out of a list of ids or of people. */
function idsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) => textOf(isObject(one) ? one["id"] : one));
}

/** Ids that a change of a list adds. */
function gained({ from, to }: Change): string[] {
  const before = idsOf(from);
  return idsOf(to).filter((id) => !before.includes(id));
}

/** Replacing is two events, of which the first tells that some were added. */
const takenOff = ["issue.unassigned", "issue.untagged"];
const wordFields = ["description", "comment"];

/** `description`: the words that an issue was created with; events do not carry them. */
export function toNews(event: Telling, description: string): News {
  const { type, changes, data } = event;
  const watched = watchedTypes.includes(type);
  if (type === "issue.created") {
    const { assignees } = isObject(data["issue"]) ? data["issue"] : {};
    return { watched, assigned: idsOf(assignees), words: { before: "", after: description } };
  }
  const words = changes.find(({ field }) => wordFields.includes(field));
  const people = changes.find(({ field }) => field === "assignees" || field === "assigneeIds");
  return {
    watched: watched && !(takenOff.includes(type) && changes.some((change) => gained(change).length > 0)),
    assigned: type === "issue.assigned" && people ? gained(people) : [],
    words: { before: textOf(words?.from), after: textOf(words?.to) },
  };
}
