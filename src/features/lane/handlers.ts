import { createLane, deleteLane, listProjectLanes, reorderLanes, updateLane } from "./service.ts";

export const laneHandlers = {
  "lane.list": listProjectLanes,
  "lane.create": createLane,
  "lane.update": updateLane,
  "lane.reorder": reorderLanes,
  "lane.delete": deleteLane,
};
