/** A small framework for bots: what `rhythm/bot` gives. */
export { type Bot, type BotEvent, type BotOptions, createBot, type Handler, type Job, type Middleware } from "./bot.ts";
export type { BotContext } from "./context.ts";
export type { Log } from "./log.ts";
