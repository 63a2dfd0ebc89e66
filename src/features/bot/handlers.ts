import { createBot, deleteBot, listBots, suspendBot, updateBot } from "./service.ts";

export const botHandlers = {
  "bot.create": createBot,
  "bot.list": listBots,
  "bot.update": updateBot,
  "bot.suspend": suspendBot,
  "bot.delete": deleteBot,
};
