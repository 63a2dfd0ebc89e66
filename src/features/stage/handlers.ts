import { createStage, deleteStage, listProjectStages, reorderStages, updateStage } from "./service.ts";

export const stageHandlers = {
  "stage.list": listProjectStages,
  "stage.create": createStage,
  "stage.update": updateStage,
  "stage.reorder": reorderStages,
  "stage.delete": deleteStage,
};
