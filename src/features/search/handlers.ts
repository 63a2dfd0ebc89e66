import { searchIssues } from "./service.ts";

export const searchHandlers = { "issue.search": searchIssues };
