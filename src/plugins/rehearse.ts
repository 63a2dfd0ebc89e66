import { type Ack, commands, isCommandName } from "../../protocol/index.ts";
import type { Request } from "../commands/execute.ts";
import type { Parts } from "../kernel/context.ts";
import { rehearse } from "../kernel/rehearsal.ts";
import type { Send } from "./host.ts";

type Options = {
  parts: Pick<Parts, "database" | "usage">;
  execute: (request: Request) => Promise<Ack>;
  /** What all commands of the run have in common. */
  common: Pick<Request, "caller" | "requestId">;
};

const isMutation = (name: string): boolean => isCommandName(name) && commands[name].kind === "mutation";

/** The input without what would be kept. */
function untold({ name, input }: Pick<Request, "name" | "input">): Pick<Request, "name" | "input"> {
  const { commandId: _, ...rest } = input as Record<string, unknown>;
  return { name, input: rest };
}

/**
 * Sends commands so that nothing stays of them. Each answer is what it would be after those before it; for that they
 * are all done again in a transaction of its own, which is short, where one for the whole run would hold up the board.
 */
export function createRehearsal({ parts, execute, common }: Options): Send {
  const past: Pick<Request, "name" | "input">[] = [];
  return (request) =>
    rehearse(parts, async ({ within, step }) => {
      const send = (one: Pick<Request, "name" | "input">) => execute({ ...common, ...one, within });
      for (const one of past) await step(async () => (await send(one)).ok);
      const one = untold(request);
      let ack: Ack | undefined;
      await step(async () => {
        ack = await send(one);
        return ack.ok;
      });
      if (!ack) throw new Error("A step was not taken");
      if (ack.ok && isMutation(one.name)) past.push(one);
      return ack;
    });
}
