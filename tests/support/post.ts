import type { Output } from "../../protocol/index.ts";
import type { Client } from "./client.ts";

/** For servers whose tests ask more often than people would. */
export const unlimited = {
  RATE_LIMIT_ADDRESS_PER_MINUTE: "0",
  RATE_LIMIT_SIGN_IN_PER_MINUTE: "0",
  RATE_LIMIT_SIGN_IN_FAILURES: "0",
  RATE_LIMIT_COMMANDS_PER_SECOND: "0",
};

type Asked = { token?: string | undefined; agent?: string };

/** What a route below /api/v1 answers to a JSON body; without a body it is a GET. */
export async function post(
  app: { url: string },
  path: string,
  body?: object,
  { token, agent }: Asked = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${app.url}/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(agent !== undefined && { "user-agent": agent }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

export type SignedIn = Output<"auth.login">;

/** Tokens, from a route that gives some; fails with what it answered otherwise. */
export async function signIn(app: { url: string }, path: string, body: object, asked: Asked = {}): Promise<SignedIn> {
  const answer = await post(app, path, body, asked);
  if (answer.status >= 300) throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as SignedIn;
}

export const asUser = ({ user, accessToken }: SignedIn): { userId: string; token: string } => ({
  userId: user.id,
  token: accessToken,
});

/** Why a socket was closed, or will be. */
export async function endingOf({ socket }: Client): Promise<string> {
  if (!socket.connected) return "before";
  return new Promise((resolve) => void socket.once("disconnect", resolve));
}
