import { createTransport } from "nodemailer";
import type { Config } from "./config.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export type Mail = { to: string; subject: string; text: string };

/** The way of e-mails out of the house. `send` rejects when the other side did not take it. */
export type Mailer = {
  /** false: nobody would ever read what is sent. */
  canSend: boolean;
  send(mail: Mail): Promise<void>;
  close(): void;
};

/** A mail server that is silent for longer is down. */
const PATIENCE = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };
const MAX_CONNECTIONS = 2;

/** Over SMTP_URL; without it to the log, in production without the text, which may hold secrets. */
export function openMailer(config: Pick<Config, "SMTP_URL" | "MAIL_FROM" | "NODE_ENV">, log: Logger): Mailer {
  const { SMTP_URL: url, MAIL_FROM: from, NODE_ENV } = config;
  if (url === undefined) {
    return {
      canSend: NODE_ENV !== "production",
      async send({ text, ...mail }) {
        log.info({ ...mail, ...(NODE_ENV !== "production" && { text }) }, "e-mail not sent: SMTP_URL is not set");
      },
      close: () => undefined,
    };
  }
  const transport = createTransport({ url, pool: true, maxConnections: MAX_CONNECTIONS, ...PATIENCE }, { from });
  return {
    canSend: true,
    async send(mail) {
      await transport.sendMail(mail);
    },
    close: () => transport.close(),
  };
}

/** The same, and what became of each e-mail is counted. */
export const countMails = (mailer: Mailer, { mails }: Pick<Metrics, "mails">): Mailer => ({
  ...mailer,
  async send(mail) {
    try {
      await mailer.send(mail);
    } catch (error) {
      mails.inc({ outcome: "failed" });
      throw error;
    }
    mails.inc({ outcome: "sent" });
  },
});
