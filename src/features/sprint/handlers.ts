import { listProjectBacklog } from "./service/backlog.ts";
import { createSprint, deleteSprint, getSprint, listProjectSprints, updateSprint } from "./service/plan.ts";
import { reportSprint } from "./service/report.ts";
import { completeSprint, startSprint } from "./service/run.ts";

export const sprintHandlers = {
  "sprint.create": createSprint,
  "sprint.list": listProjectSprints,
  "sprint.get": getSprint,
  "sprint.update": updateSprint,
  "sprint.delete": deleteSprint,
  "sprint.start": startSprint,
  "sprint.complete": completeSprint,
  "sprint.report": reportSprint,
  "backlog.list": listProjectBacklog,
};
