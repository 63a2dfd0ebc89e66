import type { Sprint } from "../../../protocol/index.ts";

type Dates = Pick<Sprint, "startsAt" | "endsAt">;

export const isInOrder = ({ startsAt, endsAt }: Dates): boolean => Date.parse(startsAt) < Date.parse(endsAt);

export const sameMoment = (a: string, b: string): boolean => Date.parse(a) === Date.parse(b);

/** Whether the clock should have told by `now` that the sprint's end has passed, and has not. */
export const isOverdue = (sprint: Pick<Sprint, "state" | "endsAt" | "endedAt">, now: Date): boolean =>
  sprint.state === "active" && sprint.endedAt === null && Date.parse(sprint.endsAt) <= now.getTime();
