-- Handles: read-only views of issues, sprints, people and the rest. What one stands for lies in `states`, where scripts
-- cannot reach; a handle itself is an empty table. One thing has one handle in a run, so handles can be compared.
local sandbox, catalogue, api = ...
local call, fail, array, null = sandbox.call, sandbox.fail, sandbox.json.array, sandbox.json.null
local ipairs, next, setmetatable, tostring, type = ipairs, next, setmetatable, tostring, type
local concat, format, math_type, rawmetatable, sub = table.concat, string.format, math.type, debug.getmetatable, string.sub
local list_meta = rawmetatable(array())

local states = setmetatable({}, { __mode = "k" })
-- By class, then by key; issues by the ref of their project and their number.
local known = {}
local metas = {}
api.methods, api.getters, api.labels = {}, {}, {}

-- The state of a value that is a handle, of this class if one is named.
function api.state_of(value, class)
  local state = states[value]
  if state and (class == nil or state.class == class) then return state end
end

local function identity(class, project, key)
  return class == "issue" and project.data.ref .. "#" .. key or key
end

-- Lays what the server said over what is known. Cards of lists lack some fields, which stay as they were.
local function learn(state, data, is_card)
  local not_listed = catalogue.classes[state.class].not_listed
  local key = catalogue.classes[state.class].key
  local fresh = { [key or "id"] = state.key, role = state.data.role }
  -- A replay does not know all answers: without the key there is nothing to learn that could be relied on.
  for name in next, data[key] == nil and state.data or is_card and not_listed or {} do fresh[name] = state.data[name] end
  for name, value in next, data do fresh[name] = value end
  state.data, state.shown = fresh, {}
  local is_whole = not is_card or next(not_listed) == nil or state.level == "whole"
  state.level = is_whole and "whole" or "card"
end

api.learn = function(state, data) learn(state, data, false) end

-- The handle for this data. `level`: "whole", "card" as lists have it, or "key" when only its key is known.
function api.handle(class, project, data, level)
  local entry = catalogue.classes[class]
  local key = entry.key and data[entry.key]
  local place = key ~= nil and identity(class, project, key)
  local of_class = known[class] or {}
  known[class] = of_class
  local handle = place and of_class[place]
  if handle then
    if level ~= "key" then learn(states[handle], data, level == "card") end
    return handle
  end
  handle = setmetatable({}, metas[class])
  states[handle] = { class = class, project = project, key = key, handle = handle, data = {}, shown = {}, level = "key" }
  if level == "key" then states[handle].data = data else learn(states[handle], data, level == "card") end
  if place then of_class[place] = handle end
  return handle
end

function api.outdate(state)
  local key = catalogue.classes[state.class].key
  state.data, state.shown, state.level = { [key] = state.key }, {}, "key"
end

-- The arguments that say which one is meant, and in which project if not in the one at hand.
function api.place_of(state)
  local entry = catalogue.classes[state.class]
  local args = {}
  local project = state.class == "project" and state or state.project
  if project and project.data.ref ~= api.home then args.project = project.data.ref end
  if entry.fills then args[entry.fills] = state.key end
  return args
end

local function load(state)
  local command = catalogue.classes[state.class].load
  if command then learn(state, call(command, api.place_of(state)), false) end
  state.level = "whole"
end

local function show(state, kind, value)
  if kind == true or value == nil then return value end
  if kind.one then return api.handle(kind.one, state.project, value, "whole") end
  local items = {}
  for place, item in ipairs(value) do items[place] = api.handle(kind.list, state.project, item, "whole") end
  return api.list_of(items)
end

-- A field as scripts see it; read when it is first asked for.
local function read(state, name)
  local kind = catalogue.classes[state.class].fields[name]
  if kind == nil then fail("invalid", state.class .. " has no field or method " .. format("%q", sub(tostring(name), 1, 60))) end
  local is_unread = state.level == "key" or state.level == "card" and catalogue.classes[state.class].not_listed[name]
  if state.data[name] == nil and is_unread then load(state) end
  if state.shown[name] == nil then state.shown[name] = show(state, kind, state.data[name]) end
  return state.shown[name]
end
api.read = read

for class, entry in next, catalogue.classes do
  local methods, getters = {}, {}
  api.methods[class], api.getters[class] = methods, getters
  metas[class] = {
    __name = class,
    __metatable = class,
    __index = function(handle, name)
      local state = states[handle]
      if methods[name] then return methods[name] end
      if getters[name] then return getters[name](state) end
      return read(state, name)
    end,
    __newindex = function(_, name)
      fail("invalid", class .. "." .. tostring(name) .. " is read-only: " .. entry.hint)
    end,
    __tostring = function(handle)
      local state = states[handle]
      return api.labels[class] and api.labels[class](state) or class
    end,
  }
end

-- The state of what a method is called on.
function api.self(value, class, method)
  return api.state_of(value, class)
    or fail("invalid", format("call it with a colon: %s:%s(...)", class, method))
end

-- Lists --------------------------------------------------------------------------------------------------------

local lists = setmetatable({}, { __mode = "k" })

-- Reads on until there are `count` items, or no more.
local function reach(list, count)
  while list.fetch and #list.items < count do
    local items, is_last = list.fetch()
    if is_last then list.fetch = nil end
    for _, item in ipairs(items) do
      if not list.places[item] and (not list.limit or #list.items < list.limit) then
        list.items[#list.items + 1] = item
        list.places[item] = #list.items
      end
    end
    if list.limit and #list.items >= list.limit then list.fetch = nil end
  end
  return list.items
end

local list_methods = {
  all = function(self)
    local items = {}
    for place, item in ipairs(reach(lists[self] or fail("invalid", "call it with a colon: list:all()"), 1 / 0)) do
      items[place] = item
    end
    return array(items)
  end,
}

local list_type = {
  __name = "list",
  __metatable = "list",
  __index = function(self, name)
    if math_type(name) == "integer" then return reach(lists[self], name)[name] end
    return list_methods[name]
  end,
  __newindex = function() fail("invalid", "a list is read-only: list:all() gives a table") end,
  __len = function(self) return #reach(lists[self], 1 / 0) end,
  -- As the iterator of a loop: the item after `last`.
  __call = function(self, _, last)
    local list = lists[self]
    local place = last == nil and 1 or (list.places[last] or fail("invalid", "loop as: for item in list do")) + 1
    return reach(list, place)[place]
  end,
  __pairs = function(self)
    return function(_, place)
      local item = reach(lists[self], place + 1)[place + 1]
      if item ~= nil then return place + 1, item end
    end, self, 0
  end,
  __tostring = function(self)
    local texts = {}
    for place, item in ipairs(reach(lists[self], 1 / 0)) do texts[place] = tostring(item) end
    return "[" .. concat(texts, ", ") .. "]"
  end,
}

-- A list that calls `fetch` for further items until that says that they were the last.
function api.list(fetch, limit)
  local handle = setmetatable({}, list_type)
  lists[handle] = { items = {}, places = {}, fetch = fetch, limit = limit }
  return handle
end

function api.list_of(items)
  return api.list(function() return items, true end)
end

api.is_list = function(value) return lists[value] ~= nil end

-- Pages of a command, each item made by `make`.
function api.pages(command, args, make)
  local cursor
  return function()
    local input = { cursor = cursor }
    for name, value in next, args do input[name] = value end
    local page = call(command, input)
    local items = {}
    for place, item in ipairs(page.items or {}) do items[place] = make(item) end
    cursor = page.next_cursor
    return items, cursor == nil
  end
end

-- Values as text -----------------------------------------------------------------------------------------------

local function plain(value, depth)
  if type(value) ~= "table" or value == null then return value end
  if depth > 32 then fail("invalid", "a table is nested deeper than 32 levels, or holds itself") end
  local copy, state = {}, states[value]
  if lists[value] then
    for place, item in ipairs(reach(lists[value], 1 / 0)) do copy[place] = plain(item, depth + 1) end
    return array(copy)
  end
  if state and state.level ~= "whole" then load(state) end
  for key, item in next, state and state.data or value do copy[key] = plain(item, depth + 1) end
  return rawmetatable(value) == list_meta and array(copy) or copy
end

-- A copy with tables in the place of handles.
function api.plain(value) return plain(value, 0) end

-- What `log` writes of a value.
local function text_of(value, depth)
  if type(value) == "string" then return depth > 0 and format("%q", value) or value end
  local meta = rawmetatable(value)
  if type(value) ~= "table" or meta ~= nil and meta ~= list_meta or depth > 4 then return tostring(value) end
  local parts = {}
  for place, item in ipairs(value) do parts[place] = text_of(item, depth + 1) end
  local count = #parts
  for key, item in next, value do
    local is_item = math_type(key) == "integer" and key >= 1 and key <= count
    if not is_item then parts[#parts + 1] = tostring(key) .. " = " .. text_of(item, depth + 1) end
  end
  return count > 0 and count == #parts and "[" .. concat(parts, ", ") .. "]" or "{ " .. concat(parts, ", ") .. " }"
end
function api.text_of(value) return text_of(value, 0) end
