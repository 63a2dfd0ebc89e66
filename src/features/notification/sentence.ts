import type { Telling } from "./news.ts";

const fieldNames: Record<string, string> = { laneId: "lane", fields: "a field" };

const list = (words: string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/** `who` moved `key` to Done. */
function happened({ type, changes, data }: Telling, key: string): string {
  const change = (field: string) => changes.find((one) => one.field === field);
  switch (type) {
    case "comment.created":
      return `commented on ${key}`;
    case "issue.moved": {
      const to = (change("stageId") ?? changes[0])?.toName;
      return to === undefined ? `moved ${key}` : `moved ${key} to ${to}`;
    }
    case "issue.status_changed":
      return `set ${key} to ${String(change("status")?.to ?? "another status").replace("_", " ")}`;
    case "issue.sprint_changed": {
      const sprint = change("sprintId");
      if (sprint?.to === null) return `moved ${key} to the backlog`;
      return `moved ${key} to ${sprint?.toName ?? "another sprint"}`;
    }
    case "issue.assigned":
    case "issue.unassigned":
      return `changed the assignees of ${key}`;
    case "issue.tagged":
    case "issue.untagged":
      return `changed the tags of ${key}`;
    case "issue.deleted":
      return `deleted ${key}`;
    case "issue.restored":
      return `restored ${key}`;
    default: {
      const fields = Object.keys(Object(data["changes"])).map((field) => fieldNames[field] ?? field);
      return fields.length === 0 ? `changed ${key}` : `changed ${list(fields)} of ${key}`;
    }
  }
}

/** One line for each reason; names may hold line breaks. */
export function summarize(event: Telling, { actor, key }: { actor: string; key: string }) {
  const place = event.type.startsWith("comment.") ? `a comment on ${key}` : key;
  const line = (predicate: string) => `${actor} ${predicate}`.replace(/\s+/g, " ");
  return {
    mentioned: line(`mentioned you in ${place}`),
    assigned: line(`assigned you to ${key}`),
    watched: line(happened(event, key)),
  };
}
