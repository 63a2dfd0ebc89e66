import { setTimeout as sleep } from "node:timers/promises";
import { claimMails, type DueMail, settleMails } from "../features/notification/repository/mail.ts";
import type { Parts } from "../kernel/context.ts";
import type { Mail, Mailer } from "../kernel/mail.ts";

export type MailSender = { wake(): void; start(): void; stop(): Promise<void> };

/** Claimed at once; a person among them gets one e-mail for all. */
const BATCH = 50;
/** About four hours after the first. */
const MAX_ATTEMPTS = 8;
/** A mail server that hangs does not hold up the end; what it had not taken is sent again. */
const STOP_PATIENCE_MS = 3000;

/**
 * Sends what notifications want sent, at least once: who is about to send claims it with the time of the next try, and
 * forgets it when the mail server has taken it.
 */
export function createMailSender(
  { db, log }: Pick<Parts, "db" | "log">,
  options: { mailer: Mailer; everyMs: number },
): MailSender {
  const { mailer, everyMs } = options;
  let running = false;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;

  async function sendTo(due: DueMail[]): Promise<void> {
    const ids = due.map(({ id }) => id);
    const [first, ...others] = due.filter(({ sees }) => sees);
    try {
      if (first) await mailer.send(compose(first, others));
      await settleMails(db, ids);
    } catch (error) {
      const given = due.filter(({ attempts }) => attempts >= MAX_ATTEMPTS).map(({ id }) => id);
      log.warn({ err: error, mails: due.length, givenUp: given.length }, "e-mail not sent; trying again later");
      if (given.length > 0) await settleMails(db, given);
    }
  }

  async function sendDue(): Promise<void> {
    for (let more = true; more && running; ) {
      const due = await claimMails(db, BATCH);
      const people = new Map<string, DueMail[]>();
      for (const mail of due) people.set(mail.userId, [...(people.get(mail.userId) ?? []), mail]);
      await Promise.all([...people.values()].map(sendTo));
      more = due.length === BATCH;
    }
  }

  function wake(): void {
    if (!running) return;
    again = underWay !== undefined;
    underWay ??= sendDue()
      .catch((error: unknown) => log.warn({ err: error }, "e-mails could not be read; trying again later"))
      .finally(() => {
        underWay = undefined;
        if (again) wake();
      });
  }

  return {
    wake,
    start() {
      running = true;
      timer = setInterval(wake, everyMs);
      wake();
    },
    async stop() {
      running = false;
      clearInterval(timer);
      await Promise.race([underWay, sleep(STOP_PATIENCE_MS, undefined, { ref: false })]);
    },
  };
}

/** A script says up to 500 letters. */
const MAX_SUBJECT = 150;
const shorten = (text: string): string => (text.length > MAX_SUBJECT ? `${text.slice(0, MAX_SUBJECT)}...` : text);

function compose(first: DueMail, others: DueMail[]): Mail {
  const lines = [first, ...others].map(({ summary, title, project }) => {
    return `- ${summary}${title === null ? "" : `: ${title}`} (${project})`;
  });
  return {
    to: first.email,
    subject: `${shorten(first.summary)}${others.length === 0 ? "" : `, and ${others.length} more`}`,
    text: `Hello ${first.displayName},\n\n${lines.join("\n")}\n\nYou get this because your preferences ask for e-mails.\n`,
  };
}
