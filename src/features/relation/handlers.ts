import { addRelation, listIssueRelations, removeRelation } from "./service.ts";

export const relationHandlers = {
  "relation.list": listIssueRelations,
  "relation.add": addRelation,
  "relation.remove": removeRelation,
};
