import { z } from "zod";

/** Every error code, its HTTP status, and whether sending the same command again may succeed. */
export const errorCodes = {
  invalid: {
    status: 422,
    retry: false,
    summary: "The input has a wrong shape; `details.issues` lists path and message.",
  },
  unauthenticated: { status: 401, retry: false, summary: "No token, or one that is wrong, expired or revoked." },
  forbidden: { status: 403, retry: false, summary: "You may see this, but not do that." },
  not_found: { status: 404, retry: false, summary: "It does not exist, or it is not yours to see." },
  conflict: {
    status: 409,
    retry: false,
    summary: "It changed or exists already; `details.current` is its present state.",
  },
  wip_exceeded: { status: 409, retry: false, summary: "The stage is full." },
  transition_refused: { status: 409, retry: false, summary: "The workflow does not allow this change of status." },
  gone: { status: 410, retry: false, summary: "It existed and is gone for ever." },
  payload_too_large: { status: 413, retry: false, summary: "More bytes than this door takes." },
  rate_limited: { status: 429, retry: true, summary: "Too fast; `retryAfterMs` says when to try again." },
  quota_exceeded: {
    status: 429,
    retry: true,
    summary:
      "The organization's plan is used up; `details` has quota, limit and used. Daily quotas begin anew at midnight UTC.",
  },
  unavailable: {
    status: 503,
    retry: true,
    summary: "A part is away or the server is stopping; retry with the same `commandId`.",
  },
  internal: { status: 500, retry: false, summary: "A fault of ours; quote `requestId`." },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Any command can answer with these, so entries do not list them. */
export const commonErrors: readonly ErrorCode[] = [
  "invalid",
  "unauthenticated",
  "forbidden",
  "not_found",
  "rate_limited",
  "quota_exceeded",
  "unavailable",
  "internal",
];

export const WireError = z.strictObject({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  status: z.int(),
  details: z.record(z.string(), z.unknown()).optional(),
  retryAfterMs: z.int().optional(),
});
export type WireError = z.infer<typeof WireError>;
