import type { Card, IssueChanges, WireEvent } from "../../protocol/index.ts";
import { createPerson, type Person } from "./person.ts";

export type Bot = Person & {
  /** Resolves when it has done all that it has heard of; throws what it failed at. */
  idle(): Promise<unknown>;
};

const project = "acme/web";

/** Tags what is called a bug, and thanks for what is done: one thing after another, as it hears of them. */
export async function createBot(url: string, name: string): Promise<Bot> {
  let work: Promise<unknown> = Promise.resolve();
  const person = await createPerson(url, name, (event) => {
    work = work.then(() => react(event));
  });

  async function react({ type, data, actor }: WireEvent): Promise<void> {
    if (actor.id === person.userId) return;
    const { tags, stages } = person.board();
    const created = data["issue"] as Card;
    if (type === "issue.created" && /\bbug\b/i.test(created.title)) {
      const tagIds = [...created.tags, ...tags.filter((tag) => tag.name === "bug")].map(({ id }) => id);
      await person.here().ok("issue.setTags", { project, issue: created.number, tagIds });
    }
    const changes = data["changes"] as IssueChanges;
    const done = stages.find((stage) => stage.name === "Done");
    if (type === "issue.moved" && changes.stageId === done?.id) {
      await person.here().ok("comment.add", { project, issue: data["number"] as number, body: "Done, thank you." });
    }
  }
  return { ...person, idle: () => work };
}
