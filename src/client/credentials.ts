import type { Output, WireError } from "../../protocol/index.ts";
import { CommandError, givenUp } from "./errors.ts";

export type Tokens = Output<"auth.login">;

/** How to sign in; give one of the first four, or `token` and `refresh` together. */
export type SignIn = {
  /** An access token. Alone, the connection ends with it. */
  token?: string;
  /** A refresh token: access tokens are got with it, over and over. It changes at each use: see `onTokens`. */
  refresh?: string;
  apiKey?: string;
  /** Called whenever an access token is needed. */
  getToken?: () => string | Promise<string>;
  /** Hears of each new pair of tokens, to keep the refresh token for the next start. */
  onTokens?: (tokens: Tokens) => void;
};

export type Credentials = {
  /** What to show the server now. Throws CommandError: `unauthenticated` for good, else it may pass. */
  current(): Promise<string>;
  /** Forgets the token in use; false when there is no way to another one. */
  expire(): boolean;
};

async function postTokens(url: string, path: string, body: object): Promise<Tokens> {
  const response = await fetch(new URL(`/api/v1/auth/${path}`, url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  const answer: unknown = await response?.json().catch(() => undefined);
  if (response?.ok && answer !== undefined) return answer as Tokens;
  const { error, requestId } = (answer ?? {}) as { error?: WireError; requestId?: string };
  throw new CommandError(error ?? givenUp("network"), requestId);
}

/** Tokens for an e-mail and a password; keep the refresh token for `connect`. */
export const signIn = (url: string, person: { email: string; password: string }): Promise<Tokens> =>
  postTokens(url, "login", person);

export function createCredentials(url: string, options: SignIn): Credentials {
  let token = options.token ?? options.apiKey;
  let { refresh } = options;
  let pending: Promise<string> | undefined;
  const renews = refresh !== undefined || options.getToken !== undefined;
  if (token === undefined && !renews) throw new TypeError("connect needs one of token, refresh, apiKey or getToken");

  async function renew(): Promise<string> {
    if (options.getToken) return options.getToken();
    // A second use within seconds is answered like the first, so an answer that was lost may be asked for again.
    const tokens = await postTokens(url, "refresh", { refreshToken: refresh });
    refresh = tokens.refreshToken;
    options.onTokens?.(tokens);
    return tokens.accessToken;
  }

  return {
    async current() {
      if (token !== undefined) return token;
      // One at a time: a refresh token that is used twice ends the session.
      pending ??= renew().finally(() => {
        pending = undefined;
      });
      token = await pending;
      return token;
    },
    expire() {
      if (renews) token = undefined;
      return renews;
    },
  };
}
