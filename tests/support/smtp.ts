import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

export type Letter = { to: string[]; subject: string; text: string };

/** A mail server that keeps what it takes; closed when the test ends. */
export type SmtpServer = {
  url: string;
  letters: Letter[];
  /** Told of each letter before it is answered: false refuses it for now. */
  accept: (letter: Letter) => boolean;
  /** false: takes connections and says nothing. */
  answer: boolean;
  /** Opened so far. */
  connections: number;
  /** Resolves when so many letters were taken. */
  received(count: number): Promise<void>;
};

export async function startSmtp(): Promise<SmtpServer> {
  const waiting = new Set<() => void>();
  const onEnd: (() => void)[] = [];
  const smtp: SmtpServer = { url: "", letters: [], accept: () => true, answer: true, connections: 0, received };

  const server = createServer(async (socket: Socket) => {
    const say = (line: string) => socket.write(`${line}\r\n`);
    socket.on("error", () => undefined);
    onEnd.push(() => socket.destroy());
    smtp.connections += 1;
    if (!smtp.answer) return;
    say("220 test");
    let to: string[] = [];
    let data: string[] | undefined;
    for await (const line of createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (data && line !== ".") data.push(line.replace(/^\.\./, "."));
      else if (data) {
        const letter = read(to, data.join("\n"));
        const taken = smtp.accept(letter);
        if (taken) smtp.letters.push(letter);
        say(taken ? "250 taken" : "451 not now");
        [to, data] = [[], undefined];
        for (const look of waiting) look();
      } else {
        if (/^RCPT TO:/i.test(line)) to.push(/<(.*)>/.exec(line)?.[1] ?? "");
        if (/^DATA/i.test(line)) data = [];
        say(data ? "354 go on" : "250 ok");
        if (/^QUIT/i.test(line)) socket.end();
      }
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const end of onEnd) end();
    server.close();
  });
  smtp.url = `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return smtp;

  function received(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${smtp.letters.length} letters of ${count}`)), 10_000);
      const look = () => {
        if (smtp.letters.length < count) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  }
}

/** Headers are unfolded; bodies that nodemailer encodes as quoted-printable are read back. */
function read(to: string[], raw: string): Letter {
  const cut = raw.indexOf("\n\n");
  const head = raw.slice(0, cut).replace(/\n[ \t]+/g, " ");
  const body = raw.slice(cut + 2).replace(/=\n/g, "");
  const text = /quoted-printable/i.test(head)
    ? Buffer.from(
        body.replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
        "latin1",
      )
    : Buffer.from(body);
  return { to, subject: /^Subject: (.*)$/im.exec(head)?.[1] ?? "", text: text.toString("utf8") };
}
