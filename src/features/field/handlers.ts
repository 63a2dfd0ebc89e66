import { createField, deleteField, listProjectFields, setIssueField, updateField } from "./service.ts";

export const fieldHandlers = {
  "field.list": listProjectFields,
  "field.create": createField,
  "field.update": updateField,
  "field.delete": deleteField,
  "issue.setField": setIssueField,
};
