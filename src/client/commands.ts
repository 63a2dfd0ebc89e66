import type { AccessOf, Ack, ClientInput, CommandName, commands, Output } from "../../protocol/index.ts";
import { commandKinds } from "../../protocol/kinds.ts";

/** The commands that a socket takes: signing in and out goes over HTTP. */
export type SocketCommand = { [N in CommandName]: AccessOf<N> extends "public" ? never : N }[CommandName];
export type MutationName = {
  [N in SocketCommand]: (typeof commands)[N]["kind"] extends "mutation" ? N : never;
}[SocketCommand];

type Noun = SocketCommand extends `${infer N}.${string}` ? N : never;
type Verb<N extends Noun> = SocketCommand extends infer C ? (C extends `${N}.${infer V}` ? V : never) : never;
type Call<C extends SocketCommand> =
  Record<never, never> extends ClientInput<C>
    ? (input?: ClientInput<C>) => Promise<Output<C>>
    : (input: ClientInput<C>) => Promise<Output<C>>;

/** Every command as a function: `issue.move(input)`. */
export type CommandFunctions = {
  readonly [N in Noun]: { readonly [V in Verb<N>]: `${N}.${V}` extends SocketCommand ? Call<`${N}.${V}`> : never };
};
/** The same by name: the data of a success, or a thrown CommandError. */
export type CallByName = <N extends SocketCommand>(name: N, input: ClientInput<N>) => Promise<Output<N>>;
/** Never throws: a refusal is a value too. */
export type Send = <N extends SocketCommand>(name: N, input: ClientInput<N>) => Promise<Ack<N>>;

const kinds: { readonly [name: string]: string } = commandKinds;
export const isMutation = (name: SocketCommand): name is MutationName => kinds[name] === "mutation";

/** Nothing lists the commands again: their names come from the catalogue. */
export function toFunctions(call: CallByName): CommandFunctions {
  const functions: Record<string, Record<string, unknown>> = {};
  for (const name of Object.keys(kinds) as SocketCommand[]) {
    const [noun = "", verb = ""] = name.split(".");
    functions[noun] ??= {};
    functions[noun][verb] = (input: ClientInput<typeof name> = {} as ClientInput<typeof name>) => call(name, input);
  }
  return functions as CommandFunctions;
}
