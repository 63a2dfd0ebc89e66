// @ts-check
import { closeSync, openSync, readSync } from "node:fs";

/** @typedef {{ read(): number, close(): void }} CpuClock CPU time of the main thread of a process, in ms. */

/**
 * The clock of a process, by its id in the system; undefined where the system has none. It may lag behind by one tick of
 * the scheduler.
 * @param {number | "self"} pid
 * @returns {CpuClock | undefined}
 */
export function openCpuClock(pid) {
  const text = Buffer.alloc(64);
  /** @type {number} */
  let file;
  try {
    file = openSync(`/proc/${pid}/schedstat`, "r");
  } catch {
    return undefined;
  }
  let last = 0;
  const read = () => {
    try {
      const size = readSync(file, text, 0, text.length, 0);
      last = Number.parseInt(text.toString("latin1", 0, size), 10) / 1e6;
    } catch {
      // The process is gone: it stays at what it had.
    }
    return last;
  };
  const close = () => closeSync(file);
  // A kernel without accounting shows zeros.
  if (read() > 0) return { read, close };
  close();
  return undefined;
}
