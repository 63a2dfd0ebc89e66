-- JSON as scripts see it. A table is a list if its keys are 1 to n; an empty one only if `array` has marked it.
-- null is nothing in an object, and `null` in a list.
local error, next, rawget, setmetatable = error, next, rawget, setmetatable
local tonumber, tostring, type = tonumber, tostring, type
local byte, char, find, format, gsub = string.byte, string.char, string.find, string.format, string.gsub
local match, sub = string.match, string.sub
local concat, sort = table.concat, table.sort
local math_type, rawmetatable, utf8_char = math.type, debug.getmetatable, utf8.char

local MAX_DEPTH = 32

local null = setmetatable({}, {
  __metatable = false,
  __tostring = function() return "null" end,
  __newindex = function() error("json.null cannot be changed", 2) end,
})
local list = {}

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
for code = 0, 31 do
  local letter = char(code)
  escapes[letter] = escapes[letter] or format("\\u%04x", code)
end
local function quote(text) return '"' .. gsub(text, '[%c"\\]', escapes) .. '"' end

local function encode_number(number)
  if math_type(number) == "integer" then return format("%d", number) end
  if number ~= number or number == 1 / 0 or number == -1 / 0 then error("JSON has no " .. tostring(number), 0) end
  if number % 1 == 0 and number >= -2 ^ 53 and number <= 2 ^ 53 then return format("%d", number) end
  local short = format("%.15g", number)
  return tonumber(short) == number and short or format("%.17g", number)
end

local encode_value

local function encode_list(value, count, depth)
  local parts = {}
  for place = 1, count do parts[place] = encode_value(rawget(value, place), depth) end
  return "[" .. concat(parts, ",") .. "]"
end

local function encode_object(value, keys, depth)
  sort(keys)
  for place, key in next, keys do
    keys[place] = quote(key) .. ":" .. encode_value(rawget(value, key), depth)
  end
  return "{" .. concat(keys, ",") .. "}"
end

local function encode_table(value, depth)
  if depth >= MAX_DEPTH then error("a table is nested deeper than " .. MAX_DEPTH .. " levels, or holds itself", 0) end
  local keys, numbered, highest = {}, 0, 0
  for key in next, value do
    if type(key) == "string" then
      if key == "__proto__" then error("a table may not have the key __proto__", 0) end
      keys[#keys + 1] = key
    elseif math_type(key) == "integer" and key > 0 then
      numbered = numbered + 1
      if key > highest then highest = key end
    else
      error("a table has a key of type " .. type(key) .. ": " .. (type(key) == "number" and tostring(key) or "?"), 0)
    end
  end
  if numbered == 0 and not (#keys == 0 and rawmetatable(value) == list) then
    return encode_object(value, keys, depth + 1)
  end
  if #keys > 0 then error("a list also has the key " .. format("%q", sub(keys[1], 1, 100)), 0) end
  if highest ~= numbered then error("a list has a gap before place " .. highest, 0) end
  return encode_list(value, numbered, depth + 1)
end

function encode_value(value, depth)
  local kind = type(value)
  if kind == "string" then return quote(value) end
  if kind == "number" then return encode_number(value) end
  if kind == "boolean" then return value and "true" or "false" end
  if kind == "nil" or value == null then return "null" end
  if kind == "table" then return encode_table(value, depth) end
  error("JSON has no " .. kind, 0)
end

local function encode(value) return encode_value(value, 0) end

local function refuse(at) error("not JSON, at byte " .. at, 0) end

local unescaped = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

-- The letter after the backslash at `at`, and where it ends.
local function decode_escape(text, at)
  local letter = unescaped[sub(text, at + 1, at + 1)]
  if letter then return letter, at + 2 end
  local code = tonumber(match(text, "^u(%x%x%x%x)", at + 1) or refuse(at), 16)
  if code < 0xD800 or code > 0xDFFF then return utf8_char(code), at + 6 end
  local low = tonumber(match(text, "^\\u([dD][c-fC-F]%x%x)", at + 6) or "0", 16)
  if code > 0xDBFF or low == 0 then return utf8_char(0xFFFD), at + 6 end
  return utf8_char(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), at + 12
end

local function decode_string(text, from)
  local stop = find(text, '["\\]', from + 1) or refuse(from)
  if byte(text, stop) == 34 then return sub(text, from + 1, stop - 1), stop + 1 end
  local parts, at = {}, from + 1
  while true do
    stop = find(text, '["\\]', at) or refuse(from)
    parts[#parts + 1] = sub(text, at, stop - 1)
    if byte(text, stop) == 34 then return concat(parts), stop + 1 end
    parts[#parts + 1], at = decode_escape(text, stop)
  end
end

local function skip(text, at) return find(text, "[^ \n\r\t]", at) or refuse(at) end

local decode_value
local words = { t = { "true", true }, f = { "false", false }, n = { "null", nil } }

-- Items up to the closing bracket, each handed to `take`, which gives back where it ended.
local function decode_items(text, at, closing, take)
  at = skip(text, at + 1)
  if byte(text, at) == closing then return at + 1 end
  while true do
    at = skip(text, take(at))
    local mark = byte(text, at)
    if mark == closing then return at + 1 end
    if mark ~= 44 then refuse(at) end
    at = skip(text, at + 1)
  end
end

local function decode_list(text, from, depth)
  local value, count = setmetatable({}, list), 0
  local stop = decode_items(text, from, 93, function(at)
    local item, next_at = decode_value(text, at, depth)
    count = count + 1
    if item == nil then item = null end
    value[count] = item
    return next_at
  end)
  return value, stop
end

local function decode_object(text, from, depth)
  local value = {}
  local stop = decode_items(text, from, 125, function(at)
    if byte(text, at) ~= 34 then refuse(at) end
    local key, colon = decode_string(text, at)
    colon = skip(text, colon)
    if byte(text, colon) ~= 58 then refuse(colon) end
    local item, next_at = decode_value(text, skip(text, colon + 1), depth)
    value[key] = item
    return next_at
  end)
  return value, stop
end

function decode_value(text, at, depth)
  local mark = sub(text, at, at)
  if mark == '"' then return decode_string(text, at) end
  if mark == "{" or mark == "[" then
    if depth >= 2 * MAX_DEPTH then refuse(at) end
    return (mark == "{" and decode_object or decode_list)(text, at, depth + 1)
  end
  local word = words[mark]
  if word then
    if sub(text, at, at + #word[1] - 1) ~= word[1] then refuse(at) end
    return word[2], at + #word[1]
  end
  local number = match(text, "^-?%d+%.?%d*[eE]?[+-]?%d*", at) or refuse(at)
  return tonumber(number) or refuse(at), at + #number
end

local function decode(text)
  if type(text) ~= "string" then error("json.decode takes a string", 0) end
  local value, at = decode_value(text, skip(text, 1), 0)
  local more = find(text, "[^ \n\r\t]", at)
  if more then refuse(more) end
  return value
end

-- Marks a table as a list, so that it stays one when it is empty.
local function array(value)
  if value == nil then value = {} end
  if type(value) ~= "table" then error("json.array takes a table", 2) end
  return setmetatable(value, list)
end

return { encode = encode, decode = decode, null = null, array = array, list = list }
