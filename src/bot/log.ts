export type Log = (level: "info" | "warn" | "error", message: string, facts?: Record<string, unknown>) => void;

/** One line of JSON each, as the server's. */
export const logToStderr =
  (bot: string): Log =>
  (level, message, { error, ...facts } = {}) => {
    const cause = error === undefined ? {} : { error: error instanceof Error ? (error.stack ?? error.message) : error };
    process.stderr.write(`${JSON.stringify({ level, time: Date.now(), bot, ...facts, ...cause, msg: message })}\n`);
  };
