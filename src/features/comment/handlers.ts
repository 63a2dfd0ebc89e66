import { addComment, deleteComment, editComment, listComments } from "./service.ts";

export const commentHandlers = {
  "comment.list": listComments,
  "comment.add": addComment,
  "comment.edit": editComment,
  "comment.delete": deleteComment,
};
