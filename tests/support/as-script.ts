import { randomUUID } from "node:crypto";
import type { Ack } from "../../protocol/index.ts";
import type { Caller } from "../../src/kernel/context.ts";
import type { Client } from "./client.ts";
import type { Running } from "./harness.ts";

/** Sends as a script would that has the rights of `client`; its id is that of the client too. */
export function asScript(app: Pick<Running, "execute">, { userId }: Pick<Client, "userId">): Pick<Client, "send"> {
  const caller: Caller = {
    actor: { id: userId, kind: "script" },
    rightsOf: userId,
    sessionId: null,
    grant: { keyId: null, scopes: ["write"], projectIds: null, orgId: null },
    expiresAtMs: Number.POSITIVE_INFINITY,
  };
  return {
    send: (name, input): Promise<Ack> => app.execute({ name, input, caller, requestId: randomUUID() }),
  };
}
