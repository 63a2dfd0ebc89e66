/** A process of its own that hashes, so that it gives way to whoever else wants the core; see hasher.ts. */
import { readdirSync } from "node:fs";
import { setPriority } from "node:os";
import argon2 from "argon2";

/** Niceness: a tenth of the usual share, so that hashing waits its turn but is never starved. */
const NICE = 10;

/** OWASP Password Storage: argon2id with 19 MiB, t=2, p=1; about 20 ms on one core. */
const parameters = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Linux has a priority for each thread; those that start later get that of their maker. */
const threads = process.platform === "linux" ? readdirSync("/proc/self/task").map(Number) : [process.pid];
for (const thread of threads) {
  try {
    setPriority(thread, NICE);
  } catch {
    // It has ended, or this machine has no priorities.
  }
}

process.on("message", async (/** @type {import("./hasher.ts").HashRequest} */ { id, password, hash }) => {
  try {
    const result = hash === undefined ? await argon2.hash(password, parameters) : await argon2.verify(hash, password);
    process.send?.({ id, result });
  } catch (error) {
    process.send?.({ id, error: String(error) });
  }
});
process.once("disconnect", () => process.exit());
// What a terminal sends to all, as Ctrl-C, is for the server, which still finishes what is under way.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
