import type { Hostile } from "./script.ts";

export const endless: Hostile[] = [
  { name: "while", source: "while true do end", ends: "cpu_limit" },
  { name: "repeat", source: "repeat until false", ends: "cpu_limit" },
  { name: "goto", source: "::again:: goto again", ends: "cpu_limit" },
  { name: "for", source: "for i = 1, math.huge do end", ends: "cpu_limit" },
  { name: "in a handler", source: "handle(function() while true do end end)", ends: "cpu_limit" },
  { name: "in pcall", source: "pcall(function() while true do end end) while true do end", ends: "cpu_limit" },
  { name: "pcall in a loop", source: "while true do pcall(function() while true do end end) end", ends: "cpu_limit" },
  {
    name: "pcall of pcall",
    source: "local function f() while true do pcall(pcall, f) end end while true do pcall(pcall, pcall, f) end",
    ends: ["cpu_limit", "memory_limit"],
  },
  {
    name: "handler of xpcall",
    source: "while true do xpcall(function() while true do end end, function() while true do end end) end",
    ends: "cpu_limit",
  },
  {
    name: "handler of xpcall that fails",
    source: "local function h() error(h) end while true do xpcall(error, h) end",
    ends: "cpu_limit",
  },
  { name: "coroutine", source: "coroutine.wrap(function() while true do end end)()", ends: "cpu_limit" },
  {
    name: "coroutines in a loop",
    source: "while true do local c = coroutine.create(function() while true do end end) coroutine.resume(c) end",
    ends: "cpu_limit",
  },
  {
    name: "coroutine that yields for ever",
    source: "local c = coroutine.wrap(function() while true do coroutine.yield() end end) while true do c() end",
    ends: "cpu_limit",
  },
  {
    name: "coroutine within coroutine",
    source: "local function f() while true do pcall(coroutine.wrap(f)) end end f()",
    ends: ["cpu_limit", "memory_limit"],
  },
  {
    name: "close of a coroutine",
    source: `local c = coroutine.create(function()
      local x <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield() end)
      coroutine.resume(c) coroutine.close(c)`,
    ends: "cpu_limit",
  },
  {
    name: "__close",
    source: "local x <close> = setmetatable({}, {__close = function() while true do end end})",
    ends: "cpu_limit",
  },
  {
    name: "__close while it dies",
    source: `local meta = {} meta.__close = function() while true do pcall(function() while true do end end) end end
      local x <close> = setmetatable({}, meta) while true do end`,
    ends: "cpu_limit",
  },
  {
    name: "__close in pcall in a loop",
    source: `while true do pcall(function()
      local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end) end`,
    ends: "cpu_limit",
  },
  { name: "__gc", source: "setmetatable({}, {__gc = function() while true do end end})", ends: "error", says: /__gc/ },
  {
    name: "__gc that comes later",
    source: `local m = {} setmetatable({}, m) m.__gc = function() while true do end end
      for i = 1, 1e5 do local t = {} end`,
    ends: "ok",
  },
  {
    name: "__index",
    source: "local t = setmetatable({}, {__index = function(t, k) return t[k] end}) local _ = t.x",
    ends: "error",
  },
  {
    name: "__index in a circle",
    source: "local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) local _ = a.x",
    ends: "error",
    says: /loop/,
  },
  {
    name: "__index that never ends",
    source: "local t = setmetatable({}, {__index = function() while true do end end}) local _ = t.x",
    ends: "cpu_limit",
  },
  {
    name: "__len",
    source: "local t = setmetatable({}, {__len = function() while true do end end}) local _ = #t",
    ends: "cpu_limit",
  },
  {
    name: "__eq",
    source: "local m = {__eq = function() while true do end end} local _ = setmetatable({}, m) == setmetatable({}, m)",
    ends: "cpu_limit",
  },
  {
    name: "__tostring",
    source: "print(setmetatable({}, {__tostring = function() while true do end end}))",
    ends: "cpu_limit",
  },
  {
    name: "__concat",
    source: "local _ = setmetatable({}, {__concat = function() while true do end end}) .. 'x'",
    ends: "cpu_limit",
  },
  {
    name: "__pairs",
    source: "for _ in pairs(setmetatable({}, {__pairs = function() return function() return 1 end end})) do end",
    ends: "cpu_limit",
  },
  {
    name: "gsub with a looping callback",
    source: "('x'):gsub('x', function() while true do end end)",
    ends: "cpu_limit",
  },
  {
    name: "sort with a looping order",
    source: "table.sort({3, 2, 1}, function() while true do end end)",
    ends: "cpu_limit",
  },
  {
    name: "sort with a lying order",
    source:
      "local t = {} for i = 1, 1e4 do t[i] = i end while true do pcall(table.sort, t, function() return true end) end",
    ends: "cpu_limit",
  },
];

export const afterTheHook: Hostile[] = [
  // Where the hook raised, the coroutine counts no instructions any more.
  {
    name: "__close of a coroutine that the hook ended",
    source: `local c = coroutine.create(function()
      local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)
      coroutine.resume(c) coroutine.close(c)`,
    ends: "cpu_limit",
  },
  {
    name: "a wrapped coroutine that closes itself",
    source: `while true do pcall(coroutine.wrap(function()
      local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)) end`,
    ends: "cpu_limit",
  },
  {
    name: "handler of xpcall in a coroutine",
    source: `coroutine.wrap(function() xpcall(function() while true do end end, function() while true do end end) end)()`,
    ends: "cpu_limit",
  },
];
