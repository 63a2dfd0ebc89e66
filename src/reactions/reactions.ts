import type { Parts } from "../kernel/context.ts";
import type { CommittedEvent } from "../kernel/event-log.ts";
import { createMailSender } from "./mail.ts";
import { createNotifications } from "./notifications.ts";
import { createRunner } from "./runner.ts";

/** All that happens by itself after a commit; any instance may do it, and one does. */
export type Reactions = {
  /** A hint that these were committed here. */
  wake(committed: CommittedEvent[]): void;
  start(): void;
  stop(): Promise<void>;
};

export function createReactions(parts: Parts, { instance, sweepMs }: { instance: string; sweepMs: number }): Reactions {
  const { db, log, mailer, metrics } = parts;
  const mails = createMailSender(parts, { mailer, everyMs: sweepMs });
  const notifications = createNotifications(parts, () => mails.wake());
  const runner = createRunner({ db, log, metrics, instance, consumer: notifications, sweepMs });
  return {
    wake: (committed) => runner.wake(committed),
    start() {
      runner.start();
      mails.start();
    },
    async stop() {
      await runner.stop();
      await mails.stop();
    },
  };
}
