import { createTag, deleteTag, listProjectTags, updateTag } from "./service.ts";

export const tagHandlers = {
  "tag.list": listProjectTags,
  "tag.create": createTag,
  "tag.update": updateTag,
  "tag.delete": deleteTag,
};
