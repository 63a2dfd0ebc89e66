import type { Hostile } from "./script.ts";

export const escapes: Hostile[] = [
  { name: "bytecode", source: "\x1bLua", ends: "error" },
  { name: "NUL in the source", source: 'print("a\0b") \0', ends: "error" },
  { name: "NUL in a text", source: 'print("a\\0b")', ends: "ok", says: /^a\0b$/ },
  { name: "string.dump", source: "string.dump(function() end)", ends: "error", says: /'dump'/ },
  { name: "dump by a method", source: "('').dump(function() end)", ends: "error", says: /'dump'/ },
  ...["debug", "io", "os", "package"].map(
    (name): Hostile => ({ name, source: `print(${name}) ${name}.x()`, ends: "error", says: new RegExp(`'${name}'`) }),
  ),
  ...["require", "loadstring", "dofile", "loadfile", "collectgarbage", "warn", "newproxy", "setTimeout", "js"].map(
    (name): Hostile => ({ name, source: `${name}("x")`, ends: "error", says: new RegExp(`'${name}'`) }),
  ),
  { name: "os.exit", source: "os.exit(1)", ends: "error" },
  { name: "os.execute", source: "os.execute('id')", ends: "error" },
  { name: "os.getenv", source: "os.getenv('DATABASE_URL')", ends: "error" },
  { name: "io.open", source: "io.open('/etc/passwd')", ends: "error" },
  { name: "package.loadlib", source: "package.loadlib('x', 'y')", ends: "error" },
  { name: "debug.sethook", source: "debug.sethook()", ends: "error" },
  { name: "debug.getregistry", source: "debug.getregistry()", ends: "error" },
  { name: "the string metatable", source: "print(getmetatable(''))", ends: "ok", says: /^false$/ },
  { name: "a new string metatable", source: "setmetatable('', {})", ends: "error" },
  {
    name: "string methods after a change",
    source: "string.upper = nil string.gsub = nil print(('a'):upper())",
    ends: "ok",
    says: /^A$/,
  },
  {
    name: "an own __metatable",
    source: "print(getmetatable(setmetatable({}, {__metatable = 'mine'})))",
    ends: "ok",
    says: /^mine$/,
  },
  { name: "_G without all", source: "local g = _G for k in next, g do g[k] = nil end", ends: "ok" },
  {
    name: "_G with traps",
    source: "setmetatable(_G, {__index = function() while true do end end}) local _ = nothing",
    ends: "cpu_limit",
  },
  { name: "_ENV", source: "local _ENV = {} x = 1", ends: "ok" },
  {
    name: "libraries emptied",
    source:
      "for _, l in pairs({string, table, math}) do for k in pairs(l) do l[k] = nil end end handle(function() return {a = {1, 2}} end)",
    ends: "ok",
  },
  {
    name: "all overwritten",
    source: `local bad = function() while true do end end
      local keep = {handle = handle, print = print, pairs = pairs}
      for _, l in keep.pairs({string, table, math, utf8, coroutine, json}) do for k in keep.pairs(l) do l[k] = bad end end
      local g = _G for k in keep.pairs(g) do g[k] = bad end
      keep.handle(function() return {a = {1, 2}, b = "x"} end)`,
    ends: "ok",
  },
  { name: "json.null changed", source: "json.null.x = 1", ends: "error", says: /cannot be changed/ },
  { name: "json.null unlocked", source: "print(getmetatable(json.null)) setmetatable(json.null, {})", ends: "error" },
  {
    name: "prototype",
    source: "handle(function(c) print(c.__proto__, c.constructor, c.__defineGetter__) c.__proto__.isAdmin = true end)",
    ends: "error",
    says: /__proto__/,
  },
  {
    name: "constructor",
    source: "handle(function(c) return c.constructor.constructor('return process')() end)",
    ends: "error",
  },
  {
    name: "toJSON",
    source: "handle(function() return {toJSON = 'x', constructor = 'y', hasOwnProperty = 1} end)",
    ends: "ok",
  },
  { name: "the host's function", source: "print(pcall(getmetatable(call) or error))", ends: "ok", says: /^false/ },
  { name: "yield out of the script", source: "coroutine.yield()", ends: "error", says: /outside a coroutine/ },
  {
    name: "yield out of a handler",
    source: "handle(function() coroutine.yield(1) end)",
    ends: "error",
    says: /outside a coroutine/,
  },
];
