// @ts-check
/**
 * The Lua machine of one process. Invariants:
 * - Nothing of JavaScript is reachable from Lua: only strings, numbers and booleans cross, by three C functions.
 * - Every script starts from the same bytes: the memory after the trusted chunks is kept and put back. So no script
 *   sees another, and one that is run again with the same input does the same, the order of `pairs` included.
 * - Once a limit is passed `stop` is set, and the hook raises at every further instruction, whatever catches it.
 */
import { LuaFactory } from "wasmoon";
import { createHeap } from "./heap.js";
import { createTexts } from "./text.js";

/** @import { Native } from "./native.ts" */
/** @import { Chunks, Ending, Stop } from "./messages.ts" */
/**
 * @typedef {object} Host
 * @property {(op: string, args: string) => { ok: boolean, json: string } | Stop} call Blocks until there is an answer.
 * @property {(text: Uint8Array) => boolean} log False when there is no more room.
 * @property {() => Stop | undefined} check Which limit of time is passed.
 * @property {(bytes: number) => void} grew The heap has a new peak.
 */

const countMask = 8;
const instructionsPerCheck = 1000;
/** Memory above the last byte in use when the picture is taken: blocks may end in zeros. */
const margin = 256 * 1024;
/** Where Lua 5.4 keeps these in `lua_Debug`, in words of 32 bits, and how large that is at most. */
const [sourceField, lineField, debugSize] = [4, 6, 256];
/** Of a C function: LUA_REGISTRYINDEX, which lies under the largest stack, less one. And LUA_MULTRET. */
const [firstUpvalue, allResults] = [-1_001_000 - 1, -1];
const libraries = /** @type {const} */ (["coroutine", "table", "string", "utf8", "math", "debug"]);

/** @typedef {Awaited<ReturnType<typeof openMachine>>} Machine */

/**
 * @param {Chunks} chunks `json` gives what `sandbox` gets, with the functions of the host; that gives the sandbox and
 * `bind`; `api` gets the sandbox and gives `enter`; `bind(enter)` gives the function that runs a script.
 * @param {Host} host
 */
export async function openMachine(chunks, host) {
  const { module } = await new LuaFactory().getLuaModule();
  const native = /** @type {Native} */ (/** @type {unknown} */ (module));
  const heap = createHeap(native, host.grew);
  const texts = createTexts(native);
  const info = native._malloc(debugSize);
  const [infoFields, textMode] = [texts.copyIn("Sl").at, texts.copyIn("t").at];

  /** @type {Stop | undefined} */
  let stop;
  /** @type {number | null} */
  let stopLine = null;

  /** The line of the script that a thread of Lua is at. @param {number} thread */
  function lineOf(thread) {
    for (let level = 0; level < 100 && native._lua_getstack(thread, level, info) === 1; level += 1) {
      native._lua_getinfo(thread, infoFields, info);
      const line = native.HEAP32[(info >> 2) + lineField] ?? -1;
      if (line > 0 && texts.isText(native.HEAPU32[(info >> 2) + sourceField] ?? 0, "=script")) return line;
    }
    return null;
  }

  /** Ends a script for good: from now on each instruction raises. @param {number} thread @param {Stop} reason */
  function raise(thread, reason) {
    stop ??= reason;
    stopLine ??= lineOf(thread);
    native._lua_sethook(thread, hook, countMask, 1);
    texts.push(thread, "stopped");
    return native._lua_error(thread);
  }

  const hook = native.addFunction((thread = 0) => {
    const reason = stop ?? (heap.isExhausted() ? "memory_limit" : host.check());
    if (reason) raise(thread, reason);
  }, "vii");

  const hostCall = native.addFunction((thread = 0) => {
    const answer = host.call(texts.textOf(thread, 1), texts.textOf(thread, 2));
    if (typeof answer === "string") return raise(thread, answer);
    native._lua_pushboolean(thread, answer.ok ? 1 : 0);
    texts.push(thread, answer.json);
    return 2;
  }, "ii");

  const hostLog = native.addFunction((thread = 0) => {
    if (!host.log(texts.bytesOf(thread, 1))) return raise(thread, "log_limit");
    return 0;
  }, "ii");

  const hostStopped = native.addFunction((thread = 0) => {
    native._lua_pushboolean(thread, stop ? 1 : 0);
    return 1;
  }, "ii");

  /** A C function that calls the function it was made of: the call stays on the stack when it is the last of a function. */
  const frame = native.addFunction((thread = 0) => {
    const args = native._lua_gettop(thread);
    native._lua_pushvalue(thread, firstUpvalue);
    native._lua_rotate(thread, 1, 1);
    native._lua_callk(thread, args, allResults, 0, 0);
    return native._lua_gettop(thread);
  }, "ii");
  const hostFrame = native.addFunction((thread = 0) => {
    native._lua_settop(thread, 1);
    native._lua_pushcclosure(thread, frame, 1);
    return 1;
  }, "ii");

  /** Calls what lies under its arguments; its results take their place. @param {number} args @param {number} results */
  function callTrusted(args, results) {
    if (native._lua_pcallk(state, args, results, 0, 0, 0) !== 0) throw new Error(texts.textOf(state, -1));
  }

  /** @param {keyof Chunks} name */
  function pushChunk(name) {
    const [title, source] = [texts.copyIn(`=${name}`), texts.copyIn(chunks[name])];
    const code = native._luaL_loadbufferx(state, source.at, source.size, title.at, textMode);
    if (code !== 0) throw new Error(texts.textOf(state, -1));
    for (const { at } of [title, source]) native._free(at);
  }

  /** Leaves the function that runs a script on top of the stack. */
  function prepare() {
    native._luaopen_base(state);
    for (const library of libraries) {
      native[`_luaopen_${library}`](state);
      native._lua_setglobal(state, texts.copyIn(library).at);
    }
    const functions = [hostCall, hostLog, hostStopped, hostFrame];
    pushChunk("sandbox");
    pushChunk("json");
    callTrusted(0, 1);
    for (const call of functions) native._lua_pushcclosure(state, call, 0);
    callTrusted(1 + functions.length, 2);
    // Now there are the sandbox and `bind`.
    pushChunk("api");
    native._lua_pushvalue(state, -3);
    callTrusted(1, 1);
    callTrusted(1, 1);
  }

  // Lua's seeds, for the order of keys and for random numbers, are made of the time and of addresses.
  const { now } = Date;
  Date.now = () => 0;
  const state = native._lua_newstate(heap.allocator, 0);
  prepare();
  Date.now = now;

  const words = native.HEAPU32;
  let last = words.length - 1;
  while (words[last] === 0) last -= 1;
  const picture = native.HEAPU8.slice(0, last * words.BYTES_PER_ELEMENT + margin);
  const usedAtStart = heap.used();

  /** @param {string} source @param {string} input @param {number} memoryBytes */
  function start(source, input, memoryBytes) {
    native.HEAPU8.set(picture);
    heap.restore(usedAtStart);
    [stop, stopLine] = [undefined, null];
    native._lua_pushvalue(state, -1);
    texts.push(state, source);
    texts.push(state, input);
    heap.setLimit(memoryBytes);
    native._lua_sethook(state, hook, countMask, instructionsPerCheck);
    return native._lua_pcallk(state, 2, 3, 0, 0, 0);
  }

  /** @param {string} source @param {string} input JSON @param {number} memoryBytes @returns {Ending} */
  function run(source, input, memoryBytes) {
    const code = start(source, input, memoryBytes);
    if (heap.isExhausted()) stop ??= "memory_limit";
    if (stop) return { status: stop, value: null, message: "", line: stopLine };
    if (code !== 0) return { status: "error", value: null, message: texts.textOf(state, -1), line: null };
    const text = texts.textOf(state, -2);
    if (native._lua_toboolean(state, -3) === 1) return { status: "ok", value: text, message: "", line: null };
    return { status: "error", value: null, message: text, line: native._lua_tonumberx(state, -1, 0) || null };
  }

  return { run, peak: heap.peak, memoryBytes: () => native.HEAPU8.length };
}
