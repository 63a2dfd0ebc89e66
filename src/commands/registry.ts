import type { CommandName, Input, Output } from "../../protocol/index.ts";
import { accessHandlers } from "../features/access/handlers.ts";
import { activityHandlers } from "../features/activity/handlers.ts";
import { boardHandlers } from "../features/board/handlers.ts";
import { botHandlers } from "../features/bot/handlers.ts";
import { commentHandlers } from "../features/comment/handlers.ts";
import { contextHandlers } from "../features/context/handlers.ts";
import { cursorHandlers } from "../features/cursor/handlers.ts";
import { draftHandlers } from "../features/draft/handlers.ts";
import { fieldHandlers } from "../features/field/handlers.ts";
import { galleryHandlers } from "../features/gallery/handlers.ts";
import { issueHandlers } from "../features/issue/handlers.ts";
import { keyHandlers } from "../features/key/handlers.ts";
import { laneHandlers } from "../features/lane/handlers.ts";
import { notificationHandlers } from "../features/notification/handlers.ts";
import { orgHandlers } from "../features/org/handlers.ts";
import { planHandlers } from "../features/plan/handlers.ts";
import { presenceHandlers } from "../features/presence/handlers.ts";
import { profileHandlers } from "../features/profile/handlers.ts";
import { projectHandlers } from "../features/project/handlers.ts";
import { relationHandlers } from "../features/relation/handlers.ts";
import { scriptHandlers } from "../features/script/handlers.ts";
import { searchHandlers } from "../features/search/handlers.ts";
import { sessionHandlers } from "../features/session/handlers.ts";
import { sprintHandlers } from "../features/sprint/handlers.ts";
import { stageHandlers } from "../features/stage/handlers.ts";
import { streamHandlers } from "../features/stream/handlers.ts";
import { tagHandlers } from "../features/tag/handlers.ts";
import { timeHandlers } from "../features/time/handlers.ts";
import { usageHandlers } from "../features/usage/handlers.ts";
import { workflowHandlers } from "../features/workflow/handlers.ts";
import type { ContextOf } from "../kernel/context.ts";

type Handlers = { [N in CommandName]: (ctx: ContextOf<N>, input: Input<N>) => Promise<Output<N>> };

/** Every command's service function; does not compile while one is missing. */
export const handlers: Handlers = {
  ...sessionHandlers,
  ...profileHandlers,
  ...streamHandlers,
  ...orgHandlers,
  ...projectHandlers,
  ...stageHandlers,
  ...issueHandlers,
  ...boardHandlers,
  ...activityHandlers,
  ...tagHandlers,
  ...laneHandlers,
  ...fieldHandlers,
  ...workflowHandlers,
  ...commentHandlers,
  ...relationHandlers,
  ...timeHandlers,
  ...sprintHandlers,
  ...notificationHandlers,
  ...searchHandlers,
  ...contextHandlers,
  ...draftHandlers,
  ...galleryHandlers,
  ...presenceHandlers,
  ...botHandlers,
  ...keyHandlers,
  ...cursorHandlers,
  ...scriptHandlers,
  ...accessHandlers,
  ...planHandlers,
  ...usageHandlers,
};
