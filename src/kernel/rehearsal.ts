/** Commands whose effects are seen by those after them, and by nobody else: all is taken back at the end. */
import type { Parts } from "./context.ts";
import type { Connection, Database } from "./db.ts";
import { lockStream } from "./event-log.ts";
import { emitter } from "./jobs.ts";
import type { Writer } from "./transact.ts";

const writerOn = (connection: Connection): Writer => ({
  async run(ctx, stream, work) {
    // Waits its turn like everyone, and so sees what a real one would see.
    await lockStream(connection, stream, []);
    return work(Object.assign(connection.through(connection.send), { emit: emitter(ctx, stream, []) }));
  },
});

export type Rehearsed = Pick<Parts, "db" | "writer" | "usage">;

export type Rehearsal = {
  within: Rehearsed;
  /** One step: taken back at once when it gives false. */
  step(work: () => Promise<boolean>): Promise<void>;
};

/** Holds the locks of what was written for as long as `work` takes, so that should be short. */
export async function rehearse<T>(
  { database, usage }: { database: Database; usage: Parts["usage"] },
  work: (rehearsal: Rehearsal) => Promise<T>,
): Promise<T> {
  const connection = await database.connect();
  let broken = false;
  try {
    await connection.query("begin");
    return await work({
      within: {
        db: connection.through(connection.send),
        writer: writerOn(connection),
        usage: { ...usage, count: () => () => undefined },
      },
      async step(one) {
        await connection.query("savepoint step");
        const stays = await one();
        await connection.query(stays ? "release savepoint step" : "rollback to savepoint step");
      },
    });
  } finally {
    broken = await connection.query("rollback").then(
      () => false,
      () => true,
    );
    connection.release(broken);
  }
}
