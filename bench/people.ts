import { readConfig } from "../src/kernel/config.ts";
import { createTokens } from "../src/kernel/tokens.ts";
import { serverSettings } from "./processes.ts";
import { sessionId, userId } from "./seed.ts";

const tokens = createTokens(readConfig(serverSettings("postgres://nowhere")), () => new Date());

/** The access token of a seeded user. */
export const tokenOf = (user: number): string =>
  tokens.sign({ userId: userId(user), sessionId: sessionId(user) }).token;
