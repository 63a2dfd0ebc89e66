-- The world of a script: what it may use, and the way out to the server. Trusted, run after json.lua and before the API.
-- All that is used here is kept in locals, since a script may overwrite whatever it can reach.
-- Nothing here uses pcall: what stops a script must pass through.
local json, host_call, host_log, host_stopped, host_frame = ...
local encode, decode, null, list = json.encode, json.decode, json.null, json.list
local error, getmetatable, load, next, rawget, select = error, getmetatable, load, next, rawget, select
local setmetatable, tonumber, tostring, type, xpcall = setmetatable, tonumber, tostring, type, xpcall
local getinfo, rawmetatable = debug.getinfo, debug.getmetatable
local find, match, rep, sub = string.find, string.match, string.rep, string.sub
local concat = table.concat

local MAX_ARGUMENTS = 64 * 1024
local MAX_MESSAGE = 1000
-- Patterns take time that no instruction counts: beyond this a subject is refused.
local MAX_SUBJECT = 256 * 1024
local MAX_REPEATED = 1024 * 1024

-- What a script may use -----------------------------------------------------------------------------------------

local function copy(library)
  local own = {}
  for key, value in next, library do own[key] = value end
  return own
end

local safe_string = copy(string)
safe_string.dump = nil

local function guard(name)
  local call = string[name]
  return function(subject, ...)
    if type(subject) == "string" and #subject > MAX_SUBJECT then
      error(name .. " takes at most " .. MAX_SUBJECT .. " bytes", 2)
    end
    return call(subject, ...)
  end
end
for _, name in next, { "gmatch", "gsub", "match" } do safe_string[name] = guard(name) end

local guarded_find = guard("find")
function safe_string.find(subject, pattern, init, plain)
  if plain then return find(subject, pattern, init, plain) end
  return guarded_find(subject, pattern, init)
end

function safe_string.rep(text, count, separator)
  local wanted = tonumber(count) or 0
  if type(text) == "string" and wanted > 0 then
    local size = (#text + (type(separator) == "string" and #separator or 0)) * wanted
    -- The original would count to the end for nothing.
    if size == 0 then return "" end
    if size > MAX_REPEATED then error("rep makes at most " .. MAX_REPEATED .. " bytes", 2) end
  end
  return rep(text, count, separator)
end

local string_meta = rawmetatable("")
-- A copy of its own: methods of strings stay as they are whatever the script does to `string`.
string_meta.__index = copy(safe_string)
string_meta.__metatable = false

local function safe_setmetatable(value, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then error("__gc is not allowed", 2) end
  return setmetatable(value, meta)
end

local function safe_getmetatable(value)
  if rawmetatable(value) == list then return nil end
  return getmetatable(value)
end

-- No instruction is counted in the handler of an error that the hook raises, so none of the script's may run then.
local function safe_xpcall(call, handler, ...)
  return xpcall(call, function(problem)
    if host_stopped() then return problem end
    return handler(problem)
  end, ...)
end

local function log(text) host_log(type(text) == "string" and text or tostring(text)) end

local function print(...)
  local parts = { ... }
  for place = 1, select("#", ...) do parts[place] = tostring(parts[place]) end
  log(concat(parts, "\t"))
end

local env = {
  _VERSION = _VERSION,
  assert = assert, error = error, getmetatable = safe_getmetatable, ipairs = ipairs, next = next, pairs = pairs,
  pcall = pcall, print = print, rawequal = rawequal, rawget = rawget, rawlen = rawlen, rawset = rawset,
  select = select, setmetatable = safe_setmetatable, tonumber = tonumber, tostring = tostring, type = type,
  coroutine = copy(coroutine), math = copy(math), string = safe_string, table = copy(table), utf8 = copy(utf8),
}
env._G = env

-- The way out ---------------------------------------------------------------------------------------------------

local failure_meta = {
  __metatable = false,
  __name = "error",
  __tostring = function(failure) return tostring(rawget(failure, "code")) .. ": " .. tostring(rawget(failure, "message")) end,
}
local function fail(code, message, details)
  error(setmetatable({ code = code, message = message, details = details }, failure_meta), 0)
end

local is_inside = false

local function call(op, args)
  if not is_inside then fail("invalid", op .. ": only inside a handler") end
  local text = args == nil and "{}" or encode(args)
  if #text > MAX_ARGUMENTS then fail("invalid", op .. ": the arguments are larger than 64 KiB") end
  local ok, answer = host_call(op, text)
  answer = decode(answer)
  if ok then return answer end
  fail(answer.code, answer.message, answer.details)
end

-- Running a script ----------------------------------------------------------------------------------------------

-- The line of the script that runs; never calls anything of the script.
local function line_here()
  for level = 2, 400 do
    local info = getinfo(level, "Sl")
    if not info then return nil end
    if info.source == "=script" and info.currentline > 0 then return info.currentline end
  end
end

local function describe(problem)
  local kind = type(problem)
  if kind == "string" or kind == "number" then return tostring(problem) end
  if kind == "table" then
    local code, message = rawget(problem, "code"), rawget(problem, "message")
    if type(code) == "string" and type(message) == "string" then return code .. ": " .. message end
  end
  return kind == "nil" and "nil was raised" or "a " .. kind .. " was raised"
end

-- Takes "script:12: " and the places in trusted code off; a coroutine's error may have several.
local function locate(problem, line)
  local message = describe(problem)
  while true do
    local chunk, at, rest = match(message, "^(%l+):(%d+): (.*)$")
    if chunk ~= "script" and chunk ~= "api" and chunk ~= "sandbox" and chunk ~= "json" then break end
    if chunk == "script" then line = tonumber(at) end
    message = rest
  end
  return sub(message, 1, MAX_MESSAGE), line
end

-- `return f()` forgets the line that it is on, unless `f` is a C function; the line is wanted where `f` fails.
local function keep_lines(library, seen)
  seen[library] = true
  for key, value in next, library do
    if type(value) == "table" and not seen[value] then keep_lines(value, seen) end
    if type(value) == "function" and getinfo(value, "S").what ~= "C" then library[key] = host_frame(value) end
  end
end

-- What api.lua gets; it may add `begin`, which is called with the input before the script.
local sandbox = {
  env = env,
  call = call,
  log = log,
  fail = fail,
  -- For functions that scripts reach otherwise than through `env`.
  keep_line = host_frame,
  json = { encode = encode, decode = decode, null = null, array = json.array },
}

local function bind(enter)
  keep_lines(env, { [null] = true })
  -- Not as a C function, or nothing within could yield.
  env.xpcall = safe_xpcall
  collectgarbage()
  -- Gives true and the result as JSON, or false, a message and a line.
  return function(source, text)
    local script, problem = load(source, "=script", "t", env)
    if not script then return false, locate(problem) end
    local message, line
    local ok, result = xpcall(function()
      local input = decode(text)
      if sandbox.begin then sandbox.begin(input) end
      script()
      is_inside = true
      return encode(enter(input))
    end, function(raised) message, line = locate(raised, line_here()) end)
    if ok then return true, result end
    -- The handler itself may have failed, for want of stack or memory.
    if message == nil then message = type(result) == "string" and result or "stack overflow" end
    return false, message, line
  end
end

return sandbox, bind
