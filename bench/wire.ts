/**
 * A client that speaks just enough WebSocket, Engine.IO and Socket.IO to send commands and take what comes, so that the
 * server is what is measured. It trusts the server: one namespace, no fragments, no binary, no compression.
 */
import { randomBytes } from "node:crypto";
import net from "node:net";

export type Wire = {
  /** Sends a command; resolves with the answer's JSON, an array of one. Rejects when it is a refusal. */
  ask(name: string, input: object): Promise<string>;
  isOpen(): boolean;
  close(): void;
};

/** A push as JSON bytes, good only during the call, and the bytes of its WebSocket frame. */
export type TakePush = (json: Buffer, frameBytes: number) => void;

const READ_BUFFER_BYTES = 64 * 1024;
const CLOSE = 8;

/** Client frames must be masked; a mask of zeros changes nothing. */
function frameOf(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const head = size < 126 ? Buffer.from([0x81, 0x80 | size]) : Buffer.from([0x81, 0xfe, size >> 8, size & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), Buffer.from(text)]);
}

/** Calls `take` for each whole frame; gives what is left over. */
function readFrames(bytes: Buffer, take: (opcode: number, payload: Buffer, frameBytes: number) => void): Buffer {
  let at = 0;
  while (bytes.length - at >= 2) {
    const short = bytes.readUInt8(at + 1);
    const headSize = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length - at < headSize) break;
    const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
    const end = at + headSize + size;
    if (bytes.length < end) break;
    take(bytes.readUInt8(at) & 0x0f, bytes.subarray(at + headSize, end), end - at);
    at = end;
  }
  return bytes.subarray(at);
}

const upgrade = (port: number): string =>
  [
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "\r\n",
  ].join("\r\n");

/** Resolves when the server has let the socket in. */
export function openWire(to: { port: number; token: string }, takePush: TakePush = () => {}): Promise<Wire> {
  return new Promise((opened, failed) => {
    const waiting = new Map<number, { resolve: (json: string) => void; reject: (error: Error) => void }>();
    let nextId = 0;
    let rest: Buffer = Buffer.alloc(0);
    let upgraded = false;

    const fail = (reason: string): void => {
      const error = new Error(reason);
      failed(error);
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      socket.destroy();
    };
    const send = (text: string): boolean => socket.write(frameOf(text));
    const wire: Wire = {
      ask: (name, input) =>
        new Promise((resolve, reject) => {
          nextId += 1;
          waiting.set(nextId, { resolve, reject });
          send(`42${nextId}${JSON.stringify([name, input])}`);
        }),
      isOpen: () => !socket.destroyed,
      close: () => socket.destroy(),
    };

    function takeAnswer(packet: string): void {
      const start = packet.indexOf("[");
      const id = Number(packet.slice(2, start));
      const json = packet.slice(start);
      const asker = waiting.get(id);
      waiting.delete(id);
      if (json.startsWith('[{"ok":true')) asker?.resolve(json);
      else asker?.reject(new Error(`refused: ${json}`));
    }
    /** Engine.IO: 0 open, 2 ping, 3 pong, 4 message; Socket.IO within a message: 0 connect, 2 event, 3 answer, 4 error. */
    function takePacket(opcode: number, packet: Buffer, frameBytes: number): void {
      const kind = packet.toString("latin1", 0, 2);
      if (opcode === CLOSE) fail(`the server closed the socket: ${packet.toString("utf8", 2)}`);
      else if (kind === "42") takePush(packet.subarray(2), frameBytes);
      else if (kind === "43") takeAnswer(packet.toString());
      else if (kind === "40") opened(wire);
      else if (kind.startsWith("0")) send(`40${JSON.stringify({ token: to.token })}`);
      else if (kind === "2") send("3");
      else fail(`unexpected packet ${packet}`);
    }
    function takeChunk(chunk: Buffer): void {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      let start = 0;
      if (!upgraded) {
        const end = bytes.indexOf("\r\n\r\n");
        upgraded = end >= 0;
        start = upgraded ? end + 4 : bytes.length;
        if (upgraded && !bytes.toString("latin1", 0, 12).endsWith(" 101")) fail(`no upgrade: ${bytes}`);
      }
      const left = upgraded ? readFrames(bytes.subarray(start), takePacket) : bytes;
      // The read buffer is used again.
      rest = left.length > 0 ? Buffer.from(left) : left;
    }

    const socket = net.connect({
      host: "127.0.0.1",
      port: to.port,
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(READ_BUFFER_BYTES),
        callback: (size, buffer) => {
          takeChunk(Buffer.from(buffer.buffer, buffer.byteOffset, size));
          return true;
        },
      },
    });
    socket.on("connect", () => socket.write(upgrade(to.port)));
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("the connection is closed"));
  });
}
