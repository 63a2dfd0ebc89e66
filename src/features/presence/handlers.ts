import { setPresence } from "./service.ts";

export const presenceHandlers = { "presence.set": setPresence };
