/** The SDK, for browsers and Node: what `rhythm/client` gives. */
export { applyEvent, applyEvents, GapError, type LiveBoard, type LiveColumn } from "./board.ts";
export { type BoardOptions, type BoardState, type BoardStore, openBoard } from "./board-store.ts";
export { type Client, type ClientState, type ConnectOptions, connect, type PushData } from "./client.ts";
export type { MutationName, SocketCommand } from "./commands.ts";
export { type SignIn, signIn, type Tokens } from "./credentials.ts";
export { CommandError } from "./errors.ts";
export type { Observable } from "./observable.ts";
export type { Listener, Position, StreamEvent, StreamSubscription, Target } from "./streams.ts";
