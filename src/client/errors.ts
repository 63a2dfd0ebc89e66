import type { Ack, ErrorCode, WireError } from "../../protocol/index.ts";

/** A command that was refused: branch on `code` and `details`, never on the message. */
export class CommandError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: Record<string, unknown> | undefined;
  readonly retryAfterMs: number | undefined;
  readonly requestId: string | undefined;

  constructor(error: WireError, requestId?: string) {
    super(error.message);
    this.name = "CommandError";
    this.code = error.code;
    this.status = error.status;
    this.details = error.details;
    this.retryAfterMs = error.retryAfterMs;
    this.requestId = requestId;
  }
}

/** Why this client gave up a command that the server may never have seen. */
export type GivenUp = "closed" | "queue_full" | "timeout" | "network";

const sentences: Record<GivenUp, string> = {
  closed: "The client is closed",
  queue_full: "Too many commands wait to be sent",
  timeout: "No answer in time",
  network: "The server could not be reached",
};

/** `unavailable`, with the reason in `details`. */
export const givenUp = (reason: GivenUp): WireError => ({
  code: "unavailable",
  message: sentences[reason],
  status: 503,
  details: { reason },
});

/** A refusal in the form of an answer; it never reached the server, so it has no request id. */
export const refusal = (error: WireError): Ack => ({ ok: false, error, requestId: "" });
