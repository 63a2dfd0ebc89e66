import { createKey, listKeys, renameKey, revokeKey, rotateKey } from "./service/key.ts";

export const keyHandlers = {
  "key.create": createKey,
  "key.list": listKeys,
  "key.rename": renameKey,
  "key.rotate": rotateKey,
  "key.revoke": revokeKey,
};
