/**
 * The yardstick: a Socket.IO server that does what issue.create and issue.move need and nothing else. No sign-in, roles,
 * validation, command ids or history; each command alone in its transaction; acks, then emits each event by itself.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyBetween } from "fractional-indexing";
import pg from "pg";
import { Server, type Socket } from "socket.io";
import { statements } from "./bare-statements.ts";
import { projectId, projectStream, userId } from "./seed.ts";

type Ack = (answer: object) => void;
type Row = Record<string, unknown>;
type Run = (name: keyof typeof statements, values: unknown[]) => Promise<Row>;
type Change = { row: Row; type: string; data: object };

const iso = (text: string): string => new Date(`${text.replace(" ", "T")}:00`).toISOString();
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, iso);
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const pool = new pg.Pool({ connectionString: process.env["DATABASE_URL"], max: 10, options: "-c timezone=UTC" });
const httpServer = createServer();
const io = new Server(httpServer, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

async function createIssue(run: Run, input: Row): Promise<Change> {
  const project = projectId(Number(input["project"]));
  const place = await run("findPlaceForNew", [project]);
  const rank = generateKeyBetween(text(place["low"]), null);
  const values = [project, input["title"], place["stageId"], rank, userId(1), place["status"]];
  const row = await run("insertIssue", values);
  const { description: _, ...issue } = row;
  return { row, type: "issue.created", data: { issue } };
}

async function moveIssue(run: Run, input: Row): Promise<Change> {
  const { stageId } = input;
  const before = await run("findForMove", [projectId(Number(input["project"])), input["issue"], stageId]);
  const onTop = input["after"] === null;
  const rank = onTop ? generateKeyBetween(null, text(before["high"])) : generateKeyBetween(text(before["low"]), null);
  const row = await run("updateIssue", [before["id"], stageId, rank, before["newStatus"]]);
  const { number, version, updatedAt, status } = row;
  return { row, type: "issue.moved", data: { number, version, updatedAt, changes: { stageId, rank, status } } };
}

async function apply(input: Row, change: (run: Run, input: Row) => Promise<Change>, ack: Ack): Promise<void> {
  const stream = projectStream(Number(input["project"]));
  const client = await pool.connect();
  const run: Run = async (name, values) => (await client.query({ name, text: statements[name], values })).rows[0];
  try {
    await client.query("begin");
    const { epoch } = await run("lockStream", [stream]);
    const { row, type, data } = await change(run, input);
    const { seq, at } = await run("insertEvent", [stream, type, userId(1), row["number"], data]);
    await client.query("commit");
    ack({ ok: true, data: row, stream, seq });
    const event = { seq, type, at, actor: { id: userId(1), kind: "user" }, data };
    io.to(stream).emit("events", { stream, epoch, events: [event] });
  } catch (error) {
    await client.query("rollback");
    ack({ ok: false, error: String(error) });
  } finally {
    client.release();
  }
}

let seq = 0;
/** No database: an event of the size of `issue.moved` to the room. */
function relay(input: Row, ack: Ack): void {
  seq += 1;
  const stream = projectStream(Number(input["project"]));
  const at = new Date().toISOString();
  const changes = { stageId: input["stageId"], rank: "a0V1b" };
  const data = { number: input["issue"], version: seq, updatedAt: at, changes };
  ack({ ok: true, stream, seq });
  const event = { seq, type: "issue.moved", at, actor: { id: userId(1), kind: "user" }, data };
  io.to(stream).emit("events", { stream, epoch: "k3v9qx2a", events: [event] });
}

io.on("connection", (socket: Socket) => {
  socket.on("join", async (input: Row, ack: Ack) => {
    await socket.join(projectStream(Number(input["project"])));
    ack({ ok: true });
  });
  socket.on("echo", (input: Row, ack: Ack) => ack({ ok: true, data: input }));
  socket.on("relay", relay);
  socket.on("issue.create", (input: Row, ack: Ack) => apply(input, createIssue, ack));
  socket.on("issue.move", (input: Row, ack: Ack) => apply(input, moveIssue, ack));
});
httpServer.listen(0, "127.0.0.1", () => {
  const { port } = httpServer.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ address: `http://127.0.0.1:${port}` })}\n`);
});
