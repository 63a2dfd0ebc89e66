import { changeIssues } from "./service/bulk.ts";
import { createIssue } from "./service/create.ts";
import { deleteIssue, purgeIssue, restoreIssue } from "./service/delete.ts";
import { moveIssue } from "./service/move.ts";
import { getIssue, listIssues } from "./service/read.ts";
import { setIssueAssignees, setIssueSprint, setIssueTags } from "./service/set.ts";
import { updateIssue } from "./service/update.ts";

export const issueHandlers = {
  "issue.create": createIssue,
  "issue.get": getIssue,
  "issue.list": listIssues,
  "issue.update": updateIssue,
  "issue.move": moveIssue,
  "issue.delete": deleteIssue,
  "issue.restore": restoreIssue,
  "issue.purge": purgeIssue,
  "issue.setAssignees": setIssueAssignees,
  "issue.setTags": setIssueTags,
  "issue.setSprint": setIssueSprint,
  "issue.bulk": changeIssues,
};
