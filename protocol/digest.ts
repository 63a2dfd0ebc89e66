import type { Card } from "./issue-fields.ts";

type Placed = Pick<Card, "number" | "version" | "stageId" | "laneId" | "rank" | "commentCount" | "timeSpentSeconds">;

/**
 * The text whose SHA-256 is `sync.digest`: a line for each issue that is not deleted, by number, of number, version,
 * stage, lane, rank, comments and seconds, with `-` for none. A client that shows all issues can prove that it is in step.
 */
export const digestText = (cards: readonly Placed[]): string =>
  cards
    .toSorted((a, b) => a.number - b.number)
    .map(({ number, version, stageId, laneId, rank, commentCount, timeSpentSeconds }) =>
      [number, version, stageId ?? "-", laneId ?? "-", rank, commentCount, timeSpentSeconds].join(" "),
    )
    .join("\n");
