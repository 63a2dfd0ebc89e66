import { explainAccess } from "./service.ts";

export const accessHandlers = { "access.explain": explainAccess };
