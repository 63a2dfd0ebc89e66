/** What goes from the script to the server and back. */
import type { Job } from "../../../src/plugins/sandbox/job.ts";
import type { Hostile } from "./script.ts";

const never: Job["call"] = () => new Promise(() => {});
const refuse: Job["call"] = async () => ({ ok: false, error: { code: "forbidden", message: "no" } });

export const results: Hostile[] = [
  {
    name: "__proto__",
    source: 'handle(function() return {["__proto__"] = {isAdmin = true}} end)',
    ends: "error",
    says: /__proto__/,
  },
  {
    name: "a circle",
    source: "handle(function() local t = {} t.t = t return t end)",
    ends: "error",
    says: /holds itself/,
  },
  {
    name: "depth 100,000",
    source: "handle(function() local t = {} for i = 1, 1e5 do t = {t} end return t end)",
    ends: "error",
    says: /nested deeper/,
  },
  {
    name: "a function",
    source: "handle(function() return {f = print} end)",
    ends: "error",
    says: /JSON has no function/,
  },
  {
    name: "a coroutine",
    source: "handle(function() return coroutine.create(print) end)",
    ends: "error",
    says: /JSON has no thread/,
  },
  { name: "nan", source: "handle(function() return 0 / 0 end)", ends: "error", says: /JSON has no -?nan/ },
  { name: "infinity", source: "handle(function() return {math.huge} end)", ends: "error", says: /JSON has no inf/ },
  {
    name: "an endless proxy",
    source:
      "handle(function() return setmetatable({}, {__index = function() while true do end end, __pairs = function() while true do end end, __len = function() while true do end end}) end)",
    ends: "ok",
  },
  { name: "no UTF-8", source: 'handle(function() return "\\255\\0\\xed\\xa0\\x80" end)', ends: "ok" },
  { name: "a table as error", source: "error({})", ends: "error", says: /^a table was raised$/ },
  { name: "nil as error", source: "error()", ends: "error", says: /^nil was raised$/ },
  { name: "a number as error", source: "error(42)", ends: "error", says: /^42$/ },
  { name: "a function as error", source: "error(print)", ends: "error", says: /^a function was raised$/ },
  {
    name: "an error that loops",
    source:
      "error(setmetatable({}, {__tostring = function() while true do end end, __index = function() while true do end end}))",
    ends: "error",
    says: /^a table was raised$/,
  },
  {
    name: "an error that fails",
    source: "error(setmetatable({}, {__tostring = function() error(1) end}))",
    ends: "error",
  },
  {
    name: "an error with false parts",
    source: "error({code = {}, message = print})",
    ends: "error",
    says: /^a table was raised$/,
  },
];

export const calls: Hostile[] = [
  { name: "never answered", source: "handle(function() call('x') end)", call: never, ends: "time_limit" },
  {
    name: "never answered in pcall",
    source: "handle(function() while true do pcall(call, 'x') end end)",
    call: never,
    ends: "time_limit",
  },
  {
    name: "never answered in a coroutine",
    source: "handle(function() while true do coroutine.wrap(call)('x') end end)",
    call: never,
    ends: "time_limit",
  },
  { name: "outside of a handler", source: "call('x')", ends: "error", says: /only inside a handler/ },
  {
    name: "a flood",
    source: "handle(function() while true do call('x') end end)",
    ends: ["error", "time_limit", "cpu_limit"],
  },
  {
    name: "a flood in pcall",
    source: "handle(function() while true do pcall(call, 'x') end end)",
    call: refuse,
    ends: ["time_limit", "cpu_limit"],
  },
  {
    name: "200 KB",
    source: "handle(function() call('x', {text = ('x'):rep(2e5)}) end)",
    ends: "error",
    says: /larger than 64 KiB/,
  },
  {
    name: "a circle",
    source: "handle(function() local t = {} t.t = t call('x', t) end)",
    ends: "error",
    says: /holds itself/,
  },
  {
    name: "a function",
    source: "handle(function() call('x', print) end)",
    ends: "error",
    says: /JSON has no function/,
  },
  { name: "nan", source: "handle(function() call('x', {n = 0 / 0}) end)", ends: "error", says: /JSON has no/ },
  {
    name: "__proto__",
    source: "handle(function() call('x', {['__proto__'] = 1}) end)",
    ends: "error",
    says: /__proto__/,
  },
  { name: "mixed keys", source: "handle(function() call('x', {1, 2, named = 3}) end)", ends: "error", says: /"named"/ },
  {
    name: "a refusal's stack",
    source: "handle(function() local _, e = pcall(call, 'x') print(e.code, e.message, e.stack, e.cause) end)",
    call: refuse,
    ends: "ok",
    says: /^forbidden\tno\tnil\tnil$/,
  },
  {
    name: "a failure of the host",
    source: "handle(function() while true do pcall(call, 'x') end end)",
    call: () => Promise.reject(new Error("secret")),
    ends: "aborted",
  },
  {
    name: "from a callback",
    source: "handle(function() return (('x'):gsub('x', function() return call('x').op end)) end)",
    ends: "ok",
  },
  {
    name: "an answer that is too large",
    source: "handle(function() return #call('x') end)",
    call: async () => ({ ok: true, value: Array.from({ length: 2e6 }, () => "xxxxxxxx") }),
    ends: ["memory_limit", "cpu_limit"],
    limits: { wallMs: 20_000 },
  },
];
