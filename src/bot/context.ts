import type { ClientInput } from "../../protocol/index.ts";
import type { Client } from "../client/client.ts";
import {
  type CallByName,
  type CommandFunctions,
  isMutation,
  type SocketCommand,
  toFunctions,
} from "../client/commands.ts";
import { CommandError } from "../client/errors.ts";
import { deriveId } from "./derive-id.ts";
import type { Log } from "./log.ts";

/** What a handler acts with. Its mutations are applied once, however often it runs for the same event. */
export type BotContext = CommandFunctions & {
  /** The project that it is about, as `acme/web`. */
  ref: string;
  me: { id: string; displayName: string };
  call: CallByName;
  /**
   * The same commands, told apart by `key` rather than by their order: for loops over what may be another list when the
   * handler runs again.
   */
  once(key: string): CommandFunctions;
  client: Client;
  log: Log;
};

type Needs = Pick<BotContext, "ref" | "me" | "client" | "log"> & {
  /** What makes this run's command ids its own. */
  seed: (string | number)[];
};

/** What was answered when this id was used first, by a run whose input was another. */
const firstAnswer = (error: unknown): unknown =>
  error instanceof CommandError && error.code === "conflict" ? error.details?.["firstAnswer"] : undefined;

function numbered(client: Client, seed: (string | number)[]): CallByName {
  let calls = 0;
  return async <N extends SocketCommand>(name: N, input: ClientInput<N>) => {
    if (!isMutation(name)) return client.call(name, input);
    calls += 1;
    const commandId = deriveId(...seed, calls);
    try {
      return await client.call(name, { commandId, ...input } as ClientInput<N>);
    } catch (error) {
      // Done before: the state that this run saw and the former did not made the difference.
      const answer = firstAnswer(error);
      if (answer === undefined) throw error;
      return answer as never;
    }
  };
}

export function createContext({ seed, client, ...about }: Needs): BotContext {
  const call = numbered(client, seed);
  const once = (key: string) => toFunctions(numbered(client, [...seed, key]));
  return { ...toFunctions(call), ...about, client, call, once };
}
