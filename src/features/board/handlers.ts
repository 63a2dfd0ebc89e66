import { getBoard, getColumn } from "./service.ts";

export const boardHandlers = {
  "board.get": getBoard,
  "board.column": getColumn,
};
