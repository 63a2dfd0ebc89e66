-- Arguments of scripts as values of the wire: names and handles become ids. Names are looked up once in a run.
local sandbox, catalogue, api = ...
local fail, array, null = sandbox.fail, sandbox.json.array, sandbox.json.null
local ipairs, next, tostring, type = ipairs, next, tostring, type
local concat, sort = table.concat, table.sort
local find, format, gsub, lower, match, sub = string.find, string.format, string.gsub, string.lower, string.match, string.sub
local math_type = math.type

local MAX_NAMES = 20
local ID = "^" .. gsub("HHHHHHHH-HHHH-HHHH-HHHH-HHHHHHHHHHHH", "H", "%%x") .. "$"

local function quoted(text) return format("%q", sub(tostring(text), 1, 100)) end

-- All of a kind in a project, in the order of its list -----------------------------------------------------------

local lists = {
  stage = "stage.list", lane = "lane.list", tag = "tag.list", field = "field.list", sprint = "sprint.list",
  user = "project.listMembers",
}

local function make(kind, project)
  return function(item)
    if kind ~= "user" then return api.handle(kind, project, item, "whole") end
    local user = item.user
    user.role = item.role
    return api.handle("user", project, user, "whole")
  end
end

local function by_start(a, b)
  local first, second = api.read(api.state_of(a), "starts_at"), api.read(api.state_of(b), "starts_at")
  if first ~= second then return first < second end
  return api.state_of(a).key < api.state_of(b).key
end

function api.items(project, kind)
  project.items = project.items or {}
  local items = project.items[kind]
  if items then return items end
  local args = api.place_of(project)
  if kind == "tag" or kind == "sprint" or kind == "user" then args.limit = 100 end
  local fetch = api.pages(lists[kind], args, make(kind, project))
  items = {}
  repeat
    local more, is_last = fetch()
    for _, item in ipairs(more) do items[#items + 1] = item end
  until is_last
  if kind == "sprint" then sort(items, by_start) end
  project.items[kind] = items
  return items
end

function api.forget_items(project, kind)
  if project.items then project.items[kind] = nil end
end

local function name_of(item)
  local state = api.state_of(item)
  return state.data.display_name or state.data.name
end

local function not_found(kind, name, items)
  local names = {}
  for place, item in ipairs(items) do
    if place > MAX_NAMES then names[place] = "..." break end
    names[place] = quoted(name_of(item))
  end
  local there = #names == 0 and "there is none" or "there is " .. concat(names, ", ")
  fail("not_found", format("no %s %s: %s", kind == "user" and "member" or kind, quoted(name), there))
end

-- The one of this name or id. The same letters win over the same in other capitals.
function api.find(project, kind, name)
  local items = api.items(project, kind)
  local near, exact = {}, {}
  for _, item in ipairs(items) do
    if api.state_of(item).key == name then return item end
    local own = name_of(item)
    if own == name then exact[#exact + 1] = item end
    if lower(own) == lower(name) then near[#near + 1] = item end
  end
  local hits = #exact > 0 and exact or near
  if #hits == 0 then not_found(kind, name, items) end
  if kind == "sprint" then return hits[#hits] end
  if #hits > 1 then
    fail("invalid", format("%d of the project are called %s: use the id", #hits, quoted(name)))
  end
  return hits[1]
end

-- Converters ----------------------------------------------------------------------------------------------------

local function id_of(project, kind, value)
  local state = api.state_of(value, kind)
  if state then return state.key end
  if type(value) == "table" and not api.state_of(value) and type(value.id) == "string" then return value.id end
  if type(value) ~= "string" then
    fail("invalid", format("a %s is a handle, a name or an id, not a %s", kind, type(value)))
  end
  if #value == 36 and find(value, ID) then return lower(value) end
  if kind == "sprint" and value == "active" then
    return api.state_of(api.active_sprint(project) or fail("not_found", "no sprint is active")).key
  end
  return api.state_of(api.find(project, kind, value)).key
end

local function id_converter(kind)
  return function(project, value) return id_of(project, kind, value) end
end

local converters = {
  user = id_converter("user"), stage = id_converter("stage"), lane = id_converter("lane"),
  sprint = id_converter("sprint"), tag = id_converter("tag"), field = id_converter("field"),
  tagName = function(project, value)
    local state = api.state_of(value, "tag")
    return state and state.data.name or name_of(api.find(project, "tag", id_of(project, "tag", value)))
  end,
  issue = function(_, value)
    local state = api.state_of(value, "issue")
    if state then return state.key end
    if math_type(value) ~= "integer" then fail("invalid", "an issue is a handle or a number") end
    return value
  end,
  fields = function(project, value)
    if type(value) ~= "table" then fail("invalid", "fields is a table by name") end
    local ids = {}
    for name, item in next, value do ids[id_of(project, "field", name)] = item end
    return ids
  end,
  time = function(_, value) return api.iso(api.unix(value)) end,
  moment = function(_, value)
    if type(value) ~= "string" then fail("invalid", "a moment is an ISO time or an age as 7d") end
    return api.moment(value)
  end,
}

local function convert_one(project, argument, value)
  if value == null then return null end
  local word = argument.words and type(value) == "string" and argument.words[value]
  if word then return word end
  if argument.takes then return converters[argument.takes](project, value) end
  if api.state_of(value) then fail("invalid", argument.fills .. " takes no handle") end
  return value
end

-- What is sent for an argument.
function api.convert(project, argument, value)
  local is_many = api.is_list(value) or type(value) == "table" and value ~= null and not api.state_of(value)
  if not argument.many or not is_many then
    local one = convert_one(project, argument, value)
    return argument.many == "list" and array({ one }) or one
  end
  -- A table with an id is one thing, as the data of events has them.
  if type(value) == "table" and not api.is_list(value) and value.id ~= nil then
    local one = convert_one(project, argument, value)
    return argument.many == "list" and array({ one }) or one
  end
  local all = {}
  for place, item in ipairs(value) do all[place] = convert_one(project, argument, item) end
  return array(all)
end

local function known_names(shape)
  local names = {}
  for name in next, shape.fields do names[#names + 1] = name end
  sort(names)
  return concat(names, ", ")
end

-- `sprint_id` is the same as `sprint`, and `tag_ids` as `tags`.
local function field_of(shape, name)
  if shape.fields[name] or type(name) ~= "string" then return name end
  local short, many = match(name, "^(.*)_id(s?)$")
  return short and short .. many or name
end

-- The fields of a table, by their names in the shape; raises for others and for missing ones.
function api.fields_of(shape_name, given)
  local shape = catalogue.shapes[shape_name]
  if type(given) ~= "table" or api.state_of(given) or api.is_list(given) then
    fail("invalid", "expected a table with " .. known_names(shape))
  end
  local fields = {}
  for key, value in next, given do
    local name = field_of(shape, key)
    if not shape.fields[name] then
      fail("invalid", format("no field %s: there is %s", quoted(key), known_names(shape)))
    end
    fields[name] = value
  end
  for _, name in ipairs(shape.required) do
    if fields[name] == nil then fail("invalid", name .. " is missing") end
  end
  return fields
end

-- The input that these fields fill.
function api.fill(project, shape_name, fields, input)
  local shape = catalogue.shapes[shape_name]
  for name, value in next, fields do
    input[shape.fields[name].fills] = api.convert(project, shape.fields[name], value)
  end
  return input
end
