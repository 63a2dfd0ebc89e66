// @ts-check
/** The memory of one Lua state: counted, and never more than a limit. */

/** @import { Native } from "./native.ts" */

/**
 * @param {Native} native
 * @param {(peak: number) => void} grew
 */
export function createHeap(native, grew) {
  let [used, peak, limit] = [0, 0, Number.POSITIVE_INFINITY];
  /** The request that was refused last. Lua mostly collects its garbage then, and asks the same again. */
  let refused = "";
  let isExhausted = false;

  /** Lua went on without the memory, so there was an error; whether it was caught does not matter. */
  function settleRefusal() {
    if (refused !== "") isExhausted = true;
  }
  /** @param {string} request */
  function refuse(request) {
    settleRefusal();
    refused = request;
    return 0;
  }

  const allocator = native.addFunction((_data = 0, at = 0, oldSize = 0, size = 0) => {
    if (size === 0) {
      if (at !== 0) used -= oldSize;
      native._free(at);
      return 0;
    }
    const total = used + size - (at === 0 ? 0 : oldSize);
    const request = total <= used || (total <= limit && refused === "") ? "" : `${at} ${oldSize} ${size}`;
    const given = total > used && total > limit ? 0 : native._realloc(at, size);
    if (given === 0) return refuse(request);
    if (request !== "") {
      if (request !== refused) settleRefusal();
      refused = "";
    }
    used = total;
    if (used > peak) {
      peak = used;
      grew(peak);
    }
    return given;
  }, "iiiii");

  return {
    /** A `lua_Alloc`. */
    allocator,
    /** Whether the script was refused memory for good; asked while it runs or has ended, never from the allocator. */
    isExhausted() {
      settleRefusal();
      return isExhausted;
    },
    /** @param {number} bytes */
    setLimit(bytes) {
      limit = bytes;
    },
    peak: () => peak,
    /** The bytes in use, for `restore`. */
    used: () => used,
    /** @param {number} bytes What is in use once the memory is put back. */
    restore(bytes) {
      [used, peak, limit] = [bytes, bytes, Number.POSITIVE_INFINITY];
      [refused, isExhausted] = ["", false];
    },
  };
}
