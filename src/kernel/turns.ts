/**
 * Jobs that share a connection take turns on it, and lose no round trip by that:
 * - The first read of a job leaves before its turn, right behind the first write of the job before it (the lock, for the
 *   first job). Postgres answers in the order sent, so that read sees that write.
 * - What the job before sends after it makes such a read stale; it is then sent again.
 * - All else that a job sends waits until the job before has ended. After a failure nothing is sent any more.
 */
import type { Connection, Send } from "./db.ts";

export type Turn = {
  send: Send;
  /** Whether something other than reads was sent. */
  hasWritten(): boolean;
  /** Resolves when the job has sent its first write, or has ended: the next one may begin. */
  begun: Promise<void>;
  ended: Promise<void>;
  end(): void;
};

const isRead = (text: string): boolean => /^\s*\(?\s*select\b/i.test(text);

function createSignal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

export function createTurns(connection: Connection) {
  let sent = 0;
  let failure: unknown;

  const pass: Send = (text, values) => {
    sent += 1;
    return connection.send(text, values);
  };

  return {
    /** The turn after `before`. `admitted` says, by when that has ended, whether this job may go on. */
    after(before: Pick<Turn, "ended">, admitted: Promise<boolean>): Turn {
      const [begun, ended] = [createSignal(), createSignal()];
      let isFirst = true;
      let wrote = false;
      const send: Send = async (text, values) => {
        const goesAhead = isFirst && isRead(text) && failure === undefined;
        isFirst = false;
        const ahead = goesAhead ? pass(text, values) : undefined;
        const place = sent;
        ahead?.catch(() => undefined);
        await before.ended;
        const mayGo = await admitted;
        if (failure !== undefined) throw failure;
        if (!mayGo) throw new Error("The command was answered before");
        if (ahead && place === sent) return ahead;
        const sending = pass(text, values);
        if (!isRead(text)) {
          wrote = true;
          begun.resolve();
        }
        return sending;
      };
      return {
        send,
        hasWritten: () => wrote,
        begun: begun.promise,
        ended: ended.promise,
        end() {
          begun.resolve();
          ended.resolve();
        },
      };
    },

    fail(error: unknown): void {
      failure ??= error;
    },
  };
}
