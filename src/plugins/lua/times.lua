-- Times, without the library `os`: ISO texts and seconds since 1970, in UTC.
local sandbox, _, api = ...
local fail = sandbox.fail
local tonumber, type = tonumber, type
local floor, tointeger, format, match, sub = math.floor, math.tointeger, string.format, string.match, string.sub

-- Days since 1970 of a date; March is the first month of the year here, so that leap days come last.
local function days_of(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = year // 400
  local year_of_era = year - era * 400
  local day_of_year = (153 * (month + (month > 2 and -3 or 9)) + 2) // 5 + day - 1
  return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468
end

local function date_of(days)
  days = days + 719468
  local era = days // 146097
  local day_of_era = days - era * 146097
  local year = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
  local day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
  local month = (5 * day_of_year + 2) // 153
  local day = day_of_year - (153 * month + 2) // 5 + 1
  month = month + (month < 10 and 3 or -9)
  return year + era * 400 + (month <= 2 and 1 or 0), month, day
end

local function zone_of(text)
  if text == "" or text == "Z" then return 0 end
  local sign, hours, minutes = match(text, "^([+-])(%d%d):?(%d%d)$")
  return sign and (sign == "-" and -1 or 1) * (tonumber(hours) * 3600 + tonumber(minutes) * 60)
end

local date_pattern = "^(%d%d%d%d)-(%d%d)-(%d%d)"

function api.unix(text)
  if type(text) == "number" then return text end
  if type(text) ~= "string" then fail("invalid", "a time is a text as 2026-03-02T08:00:00Z") end
  local year, month, day = match(text, date_pattern)
  local hours, minutes, seconds, zone = match(sub(text, 11), "^[T ](%d%d):(%d%d):?(%d*%.?%d*)(.*)$")
  if #text == 10 then hours, minutes, seconds, zone = 0, 0, 0, "" end
  local offset = year and hours and zone_of(zone)
  if not offset then fail("invalid", format("%q is no time; one is 2026-03-02T08:00:00Z", sub(text, 1, 60))) end
  local whole = days_of(tonumber(year), tonumber(month), tonumber(day)) * 86400 + tonumber(hours) * 3600
  whole = whole + tonumber(minutes) * 60 + (tonumber(seconds) or 0) - offset
  return tointeger(whole) or whole
end

function api.iso(seconds)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < -62135596800 or seconds >= 253402300800 then
    fail("invalid", "iso takes seconds since 1970")
  end
  local ms = floor(seconds * 1000 + 0.5)
  local year, month, day = date_of(ms // 86400000)
  local rest = ms % 86400000
  return format(
    "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
    year, month, day, rest // 3600000, rest // 60000 % 60, rest // 1000 % 60, rest % 1000
  )
end

function api.now(form)
  if form == "unix" then return api.unix(api.time) end
  return api.time
end

function api.age(text) return api.unix(api.time) - api.unix(text) end

local units = { m = 60, h = 3600, d = 86400, w = 604800 }

-- The moment that an ISO time or an age as "7d" names.
function api.moment(text)
  local count, unit = match(text, "^([1-9]%d?%d?%d?)([mhdw])$")
  return count and api.iso(api.unix(api.time) - tonumber(count) * units[unit]) or api.iso(api.unix(text))
end
