import type { CommandName, Input, Output } from "../../protocol/index.ts";
import { activityHandlers } from "../features/activity/handlers.ts";
import { boardHandlers } from "../features/board/handlers.ts";
import { issueHandlers } from "../features/issue/handlers.ts";
import { orgHandlers } from "../features/org/handlers.ts";
import { projectHandlers } from "../features/project/handlers.ts";
import { sessionHandlers } from "../features/session/handlers.ts";
import { stageHandlers } from "../features/stage/handlers.ts";
import { streamHandlers } from "../features/stream/handlers.ts";
import type { ContextOf } from "../kernel/context.ts";

type Handlers = { [N in CommandName]: (ctx: ContextOf<N>, input: Input<N>) => Promise<Output<N>> };

/** Every command's service function; does not compile while one is missing. */
export const handlers: Handlers = {
  ...sessionHandlers,
  ...streamHandlers,
  ...orgHandlers,
  ...projectHandlers,
  ...stageHandlers,
  ...issueHandlers,
  ...boardHandlers,
  ...activityHandlers,
};
