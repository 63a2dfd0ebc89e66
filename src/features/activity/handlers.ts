import { listActivity } from "./service.ts";

export const activityHandlers = { "activity.list": listActivity };
