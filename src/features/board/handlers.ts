import { getBoard, getColumn, getDigest, getSprintBoard } from "./service.ts";

export const boardHandlers = {
  "board.get": getBoard,
  "board.column": getColumn,
  "sprint.board": getSprintBoard,
  "sync.digest": getDigest,
};
