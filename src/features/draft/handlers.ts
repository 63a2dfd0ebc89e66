import { deleteDraft, getDraft, listDrafts, saveDraft } from "./service.ts";

export const draftHandlers = {
  "draft.list": listDrafts,
  "draft.get": getDraft,
  "draft.save": saveDraft,
  "draft.delete": deleteDraft,
};
