/** Long loops within C functions, where no instruction is counted. */
import type { Hostile } from "./script.ts";

export const native: Hostile[] = [
  { name: "pattern", source: "('a'):rep(2e4):find('.-.-.-.-b$')", ends: "cpu_limit" },
  { name: "pattern over 30 kB", source: "string.find(('x'):rep(30000), '.-.-.-.-b')", ends: "cpu_limit" },
  {
    name: "pattern in pcall in a loop",
    source: "while true do pcall(string.find, ('a'):rep(2e4), '.-.-.-.-b$') end",
    ends: "cpu_limit",
  },
  {
    name: "optional letters",
    source: "('a'):rep(28):match(('a?'):rep(28) .. ('a'):rep(28) .. 'b')",
    ends: "cpu_limit",
  },
  { name: "gsub", source: "('a'):rep(2e5):gsub('.-b', '')", ends: "cpu_limit" },
  { name: "gmatch", source: "for _ in ('a'):rep(2e5):gmatch('.-.-b') do end", ends: "cpu_limit" },
  {
    name: "pattern on a long subject",
    source: "('a'):rep(3e5):find('b')",
    ends: "error",
    says: /at most 262144 bytes/,
  },
  { name: "gsub that grows", source: "local s = ('x'):rep(2e5) s:gsub('x', ('y'):rep(1e5))", ends: "memory_limit" },
  { name: "rep of nothing", source: "string.rep('', 1e18) string.rep('', 1e18, '')", ends: "ok" },
  { name: "rep", source: "string.rep('x', 2 ^ 30)", ends: "error", says: /rep makes at most/ },
  { name: "rep with separator", source: "string.rep('', 1e9, ',')", ends: "error", says: /rep makes at most/ },
  { name: "rep by a method", source: "('x'):rep(1e9)", ends: "error", says: /rep makes at most/ },
  { name: "rep with an overflow", source: "('x'):rep(math.maxinteger)", ends: "error", says: /rep makes at most/ },
  {
    name: "rep with a count in text",
    source: "print(#('x'):rep('1000000000'))",
    ends: "error",
    says: /rep makes at most/,
  },
  { name: "table.move", source: "table.move({}, 1, math.maxinteger - 1, 2)", ends: "cpu_limit" },
  { name: "table.move of a range", source: "table.move({}, 1, 1e8, 2)", ends: ["cpu_limit", "ok"] },
  { name: "table.concat of a range", source: "table.concat({}, '', 1, 1e8)", ends: "error" },
  {
    name: "table.concat of a false table",
    source: "table.concat(setmetatable({}, {__index = function() return 'x' end}), 'x', 1, 1e9)",
    ends: ["cpu_limit", "memory_limit"],
  },
  { name: "table.unpack", source: "table.unpack({}, 1, 1e8)", ends: "error", says: /too many results/ },
  {
    name: "table.unpack within the stack",
    source: "select('#', table.unpack({}, 1, 9e5))",
    ends: ["ok", "memory_limit"],
  },
  {
    name: "table.insert with a false length",
    source: "table.insert(setmetatable({}, {__len = function() return 1e15 end}), 1, 'x')",
    ends: ["cpu_limit", "memory_limit"],
  },
  {
    name: "table.remove with a false length",
    source: "table.remove(setmetatable({}, {__len = function() return 1e15 end}), 1)",
    ends: ["cpu_limit", "memory_limit"],
  },
  {
    name: "sort of a false length",
    source: "table.sort(setmetatable({}, {__len = function() return 2e9 end}))",
    ends: "error",
  },
  {
    name: "sort of numbers",
    source: "local t = {} for i = 1, 3e5 do t[i] = (i * 7919) % 100003 end while true do table.sort(t) end",
    ends: "cpu_limit",
  },
  { name: "string.format", source: "print(#string.format('%99.99f', 1e308))", ends: "ok", says: /^4\d\d$/ },
  { name: "string.format with a long width", source: "string.format('%1000d', 1)", ends: "error" },
  { name: "string.pack", source: "string.pack('!16' .. ('i16'):rep(1e5), 1)", ends: "error" },
  { name: "os.date", source: "os.date(('%c'):rep(1e6))", ends: "error", says: /'os'/ },
];
