import type { Activity, Change, Comment, Issue, Output } from "../../../protocol/index.ts";

export type Bundle = Omit<Output<"issue.context">, "truncated">;

const KIB = 1024;
/** Most bytes of JSON, 248 KiB in all; the other fields of the issue are small. Each part has its own, so that none crowds out another. */
const budgets = {
  description: 56 * KIB,
  parents: 16 * KIB,
  children: 64 * KIB,
  relations: 24 * KIB,
  comments: 56 * KIB,
  activity: 24 * KIB,
  watchers: 8 * KIB,
};
const MAX_COMMENT_BYTES = 8 * KIB;
const MAX_VALUE_BYTES = KIB / 2;

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** As much of the text as fits, with an ellipsis where it was cut. */
export function cutText(text: string, maxBytes: number): string {
  if (sizeOf(text) <= maxBytes) return text;
  let cut = text.slice(0, maxBytes);
  for (let size = sizeOf(cut); size > maxBytes - 3; size = sizeOf(cut)) {
    cut = cut.slice(0, Math.floor((cut.length * (maxBytes - 3)) / size));
  }
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}

/** The first of the items, as many as fit. */
export function cutList<T>(items: T[], maxBytes: number): T[] {
  let size = 0;
  const end = items.findIndex((item) => {
    size += sizeOf(item) + 1;
    return size > maxBytes;
  });
  return end === -1 ? items : items.slice(0, end);
}

const cutComment = (comment: Comment): Comment => ({ ...comment, body: cutText(comment.body, MAX_COMMENT_BYTES) });
const cutValue = (value: unknown): unknown => (typeof value === "string" ? cutText(value, MAX_VALUE_BYTES) : value);
const cutChange = (change: Change): Change => ({ ...change, from: cutValue(change.from), to: cutValue(change.to) });
const cutFields = (fields: Issue["fields"]): Issue["fields"] =>
  Object.fromEntries(Object.entries(fields).map(([id, value]) => [id, cutValue(value)]));
const cutIssue = (issue: Issue): Issue => ({
  ...issue,
  description: cutText(issue.description, budgets.description),
  fields: cutFields(issue.fields),
});
const cutActivity = (entry: Activity): Activity => ({ ...entry, changes: entry.changes.map(cutChange) });

/** The bundle within its budgets: long texts are cut, and of what is still too much the first or latest is kept. */
export function boundBundle(bundle: Bundle): Bundle {
  const { issue, comments, activity } = bundle;
  return {
    issue: cutIssue(issue),
    parents: cutList(bundle.parents, budgets.parents),
    children: cutList(bundle.children, budgets.children),
    progress: bundle.progress,
    relations: cutList(bundle.relations, budgets.relations),
    comments: cutList(comments.map(cutComment).reverse(), budgets.comments).reverse(),
    activity: cutList(activity.map(cutActivity), budgets.activity),
    watchers: cutList(bundle.watchers, budgets.watchers),
  };
}
