import { getWorkflow, setWorkflow } from "./service.ts";

export const workflowHandlers = {
  "workflow.get": getWorkflow,
  "workflow.set": setWorkflow,
};
