import type { IncomingMessage } from "node:http";
import proxyAddress from "proxy-addr";
import type { Config } from "./config.ts";

/** Whether a proxy so many hops away is believed: TRUST_PROXY for both doors, in the form that Express takes too. */
export type Trust = (address: string, hop: number) => boolean;

export const createTrust = (proxies: Config["TRUST_PROXY"]): Trust =>
  typeof proxies === "number" ? (_address, hop) => hop < proxies : proxyAddress.compile(proxies);

/** Where a request came from: the nearest address that is no proxy of ours. */
export const addressOf = (request: IncomingMessage, trust: Trust): string => proxyAddress(request, trust);
