import type { Comment, ProjectRole } from "../../../protocol/index.ts";

type Actor = { id: string; role: ProjectRole };

/** Nobody puts words into the mouth of another. */
export const mayEdit = (actor: Actor, comment: Pick<Comment, "author">): boolean => comment.author.id === actor.id;

export const mayDelete = (actor: Actor, comment: Pick<Comment, "author">): boolean =>
  actor.role === "admin" || mayEdit(actor, comment);
