import { commitCursor, getCursor } from "./service.ts";

export const cursorHandlers = { "cursor.get": getCursor, "cursor.commit": commitCursor };
