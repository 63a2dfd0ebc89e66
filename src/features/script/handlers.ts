import { createScript } from "./service/create.ts";
import { deleteScript } from "./service/delete.ts";
import { setScriptEnabled } from "./service/enable.ts";
import { setScriptPolicy } from "./service/policy.ts";
import { getScript, listRevisions, listRuns, listScripts } from "./service/read.ts";
import { replayScript, runScript } from "./service/run.ts";
import { rollbackScript, updateScript } from "./service/update.ts";
import { validateScript } from "./service/validate.ts";

export const scriptHandlers = {
  "script.list": listScripts,
  "script.get": getScript,
  "script.create": createScript,
  "script.update": updateScript,
  "script.delete": deleteScript,
  "script.setEnabled": setScriptEnabled,
  "script.revisions": listRevisions,
  "script.rollback": rollbackScript,
  "script.validate": validateScript,
  "script.run": runScript,
  "script.replay": replayScript,
  "script.logs": listRuns,
  "script.setPolicy": setScriptPolicy,
};
