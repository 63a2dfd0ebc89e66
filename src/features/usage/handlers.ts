import { showHistory, showOverview, showToday } from "./service/show.ts";

export const usageHandlers = {
  "usage.today": showToday,
  "usage.history": showHistory,
  "org.overview": showOverview,
};
