import { deleteTime, listTime, logTime, reportTime } from "./service.ts";

export const timeHandlers = {
  "time.list": listTime,
  "time.log": logTime,
  "time.delete": deleteTime,
  "time.report": reportTime,
};
