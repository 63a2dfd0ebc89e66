import { getIssueContext } from "./service.ts";

export const contextHandlers = { "issue.context": getIssueContext };
