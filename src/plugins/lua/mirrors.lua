-- The methods that only mirror a command, made from the catalogue.
local sandbox, catalogue, api = ...
local call, fail = sandbox.call, sandbox.fail
local next, select, type = next, select, type

local function fill_parameter(project, parameter, value, input)
  if value == nil then
    if not parameter.optional then fail("invalid", parameter.name .. " is missing") end
  elseif not parameter.shape then
    input[parameter.fills] = api.convert(project, parameter, value)
  else
    local target = input
    if parameter.into then
      target = {}
      input[parameter.into] = target
    end
    api.fill(project, parameter.shape, api.fields_of(parameter.shape, value), target)
  end
end

local function present(state, project, mirror, input)
  local gives = mirror.gives
  if type(gives) == "table" and gives.list then
    input.limit = mirror.command ~= "relation.list" and 100 or nil
    return api.list(api.pages(mirror.command, input, function(item)
      local level = gives.list == "issue" and "card" or "whole"
      return api.handle(gives.list, project, item, level)
    end))
  end
  local answer = call(mirror.command, input)
  if mirror.outdates then api.outdate(state) end
  if gives == nil or gives == "plain" then return gives and answer end
  if gives == "self" then
    api.learn(state, answer)
    return state.handle
  end
  if state.class == "project" then api.forget_items(project, gives.one) end
  return api.handle(gives.one, project, answer, "whole")
end

local function make_method(class, name, mirror)
  return function(self, ...)
    local state = api.self(self, class, name)
    local project = class == "project" and state or state.project
    local input = api.place_of(state)
    for place = 1, #mirror.parameters do
      local value = select(place, ...)
      fill_parameter(project, mirror.parameters[place], value, input)
    end
    return present(state, project, mirror, input)
  end
end

for class, entry in next, catalogue.classes do
  for name, mirror in next, entry.mirrors do api.methods[class][name] = make_method(class, name, mirror) end
end
