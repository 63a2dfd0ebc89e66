import type { Hostile } from "./script.ts";

export const memory: Hostile[] = [
  { name: "doubling", source: "local s = 'x' while true do s = s .. s end", ends: "memory_limit" },
  {
    name: "doubling in pcall",
    source: "local s = 'x' while true do pcall(function() s = s .. s end) end",
    ends: "memory_limit",
  },
  { name: "table growth", source: "local t = {} while true do t[#t + 1] = {} end", ends: "memory_limit" },
  { name: "keys", source: "local t, i = {}, 0 while true do i = i + 1 t['k' .. i] = i end", ends: "memory_limit" },
  {
    name: "held in pcall",
    source:
      "held = {} while true do pcall(function() while true do held[#held + 1] = ('x'):rep(1e5) .. #held end end) end",
    ends: "memory_limit",
  },
  {
    name: "concat",
    source: "local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(1000) end table.concat(t)",
    ends: "memory_limit",
  },
  { name: "array of 2e8", source: "local t = {} for i = 1, 2e8 do t[i] = i end", ends: "memory_limit" },
  { name: "array from the end", source: "local t = {} for i = 2e8, 1, -1 do t[i] = i end", ends: "memory_limit" },
  {
    name: "closures",
    source: "local t = {} while true do t[#t + 1] = function() return t end end",
    ends: "memory_limit",
  },
  {
    name: "coroutines",
    source: "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    ends: "memory_limit",
  },
  {
    name: "upper",
    source: "local s = ('x'):rep(1e6) local t = {} while true do t[#t + 1] = s:upper() .. #t end",
    ends: "memory_limit",
  },
  {
    name: "format",
    source:
      "local s = ('x'):rep(1e6) s = string.format(('%s'):rep(90), table.unpack((function() local t = {} for i = 1, 90 do t[i] = s end return t end)()))",
    ends: "memory_limit",
  },
  { name: "error message", source: "error(('x'):rep(1e6):rep(1))", ends: "error", says: /^x{1000}$/ },
  {
    name: "varargs",
    source: "local function f(...) return f(1, 2, 3, 4, 5, 6, 7, 8, ...) end f()",
    ends: ["error", "memory_limit", "cpu_limit"],
    limits: { cpuMs: 300 },
  },
];

export const recursion: Hostile[] = [
  { name: "calls", source: "local function f() return 1 + f() end f()", ends: ["error", "memory_limit"] },
  {
    name: "a million calls",
    source: "local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end f(1e6)",
    ends: ["error", "memory_limit"],
  },
  { name: "tail calls", source: "local function f() return f() end f()", ends: "cpu_limit" },
  { name: "calls in pcall", source: "local function f() pcall(f) end f()", ends: ["ok", "cpu_limit", "memory_limit"] },
  {
    name: "calls in gsub",
    source: "local function f() return (('x'):gsub('x', f)) end f()",
    ends: "error",
    says: /overflow/,
  },
  {
    name: "tostring",
    source: "local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) print(t)",
    ends: "error",
    says: /overflow/,
  },
  {
    name: "tostring by print",
    source: "local t t = setmetatable({}, {__tostring = function() print(t) return 'x' end}) print(t)",
    ends: "error",
    says: /overflow/,
  },
  {
    name: "tostring by print in coroutines",
    source: "local t t = setmetatable({}, {__tostring = function() coroutine.wrap(print)(t) return 'x' end}) print(t)",
    ends: "error",
    says: /overflow/,
  },
  {
    name: "__index by function",
    source: "local t t = setmetatable({}, {__index = function(_, k) return t[k] end}) local _ = t.x",
    ends: "error",
    says: /overflow/,
  },
  { name: "sort", source: "local function f() table.sort({2, 1}, f) end f()", ends: "error", says: /overflow/ },
  {
    name: "coroutines",
    source: "local function f() return coroutine.wrap(f)() end f()",
    ends: ["error", "memory_limit"],
  },
  { name: "load", source: "load('x = 1')", ends: "error", says: /'load'/ },
  {
    name: "100,000 parentheses",
    source: `x = ${"(".repeat(1e5)}1${")".repeat(1e5)}`,
    ends: "error",
    says: /overflow|levels/,
  },
  {
    name: "100,000 braces",
    source: `x = ${"{".repeat(1e5)}${"}".repeat(1e5)}`,
    ends: "error",
    says: /overflow|levels/,
  },
  { name: "100,000 functions", source: "function f() ".repeat(1e5), ends: "error", says: /overflow|levels/ },
  { name: "a source of 1 MB", source: `x = "${"y".repeat(1e6)}" print(#x)`, ends: "ok", says: /^1000000$/ },
  { name: "a million lines", source: "x = 1\n".repeat(2e5), ends: ["ok", "memory_limit", "cpu_limit"] },
  {
    name: "300 locals",
    source: Array.from({ length: 300 }, (_, i) => `local a${i} = ${i}`).join("\n"),
    ends: "error",
    says: /too many local/,
  },
];

export const logs: Hostile[] = [
  { name: "a flood", source: "while true do print('x') end", ends: "log_limit" },
  { name: "a flood in pcall", source: "while true do pcall(print, 'x') end", ends: "log_limit" },
  { name: "100,000 lines", source: "for i = 1, 1e5 do log('line ' .. i) end", ends: "log_limit" },
  {
    name: "10 MB in one line",
    source: "local s = ('x'):rep(1e6) print(s, s, s, s, s, s, s, s, s, s)",
    ends: "log_limit",
  },
  { name: "no UTF-8", source: "print('\\255\\254', 'ok')", ends: "ok", says: /ok$/ },
  { name: "many at once", source: "print(table.unpack({}, 1, 1e5))", ends: "log_limit" },
];
