// @ts-check
/** Texts on their way into Lua's memory and out of it: UTF-8 there, strings here. */

/** @import { Native } from "./native.ts" */

const stringType = 4;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** @param {Native} native */
export function createTexts(native) {
  const sizeAt = native._malloc(8);

  /** A copy with a zero at its end, to be freed. @param {string} text */
  function copyIn(text) {
    const bytes = encoder.encode(text);
    const at = native._malloc(bytes.length + 1);
    if (at === 0) throw new Error("no memory for a text");
    native.HEAPU8.set(bytes, at);
    native.HEAPU8[at + bytes.length] = 0;
    return { at, size: bytes.length };
  }

  /** On top of the stack. @param {number} state @param {string} text */
  function push(state, text) {
    const { at, size } = copyIn(text);
    native._lua_pushlstring(state, at, size);
    native._free(at);
  }

  /** The bytes of a string on the stack, until Lua runs on; none if it is something else. @param {number} state @param {number} index */
  function bytesOf(state, index) {
    if (native._lua_type(state, index) !== stringType) return new Uint8Array();
    const at = native._lua_tolstring(state, index, sizeAt);
    return native.HEAPU8.subarray(at, at + (native.HEAPU32[sizeAt >> 2] ?? 0));
  }

  /** What is no UTF-8 is replaced. @param {number} state @param {number} index */
  const textOf = (state, index) => decoder.decode(bytesOf(state, index));

  /** Whether memory begins with this text and a zero. @param {number} at @param {string} text */
  const isText = (at, text) => decoder.decode(native.HEAPU8.subarray(at, at + text.length + 1)) === `${text}\0`;

  return { copyIn, push, bytesOf, textOf, isText };
}
