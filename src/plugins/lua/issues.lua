-- Methods of issues that are more than one command, or that compute what they send.
local sandbox, catalogue, api = ...
local call, fail, array, null = sandbox.call, sandbox.fail, sandbox.json.array, sandbox.json.null
local ipairs, next, select, type = ipairs, next, select, type
local lower = string.lower
local methods = api.methods.issue

api.labels.issue = function(state)
  local project = state.project and state.project.data.key
  return project and state.key and project .. "-" .. state.key or "issue " .. (state.key or "?")
end

local function send(state, command, fields)
  local args = api.place_of(state)
  for name, value in next, fields do args[name] = value end
  return call(command, args)
end

-- Sends a command that answers the issue.
local function change(state, command, fields)
  api.learn(state, send(state, command, fields))
  return state.handle
end

-- What `update` sends by a command of its own, in this order.
local parts = {
  { name = "stage", command = "issue.move", field = "stage_id" },
  { name = "sprint", command = "issue.setSprint", field = "sprint_id" },
  { name = "tags", command = "issue.setTags", field = "tag_ids" },
  { name = "assignees", command = "issue.setAssignees", field = "user_ids" },
}

local function set_fields(state, values)
  for _, field in ipairs(api.items(state.project, "field")) do
    local id = api.state_of(field).key
    if values[id] ~= nil then
      local value = values[id]
      if value == "none" then value = null end
      change(state, "issue.setField", { field_id = id, value = value })
    end
  end
end

-- All names are looked up before the first command is sent, so that a wrong one changes nothing.
function methods.update(self, changes)
  local state = api.self(self, "issue", "update")
  local fields = api.fields_of("IssueUpdate", changes)
  local shape = catalogue.shapes.IssueUpdate.fields
  local values = {}
  for name, value in next, fields do values[name] = api.convert(state.project, shape[name], value) end

  local patch = {}
  for name, value in next, values do patch[shape[name].fills] = value end
  patch.comment, patch.expect, patch.fields = nil, nil, nil
  for _, part in ipairs(parts) do patch[shape[part.name].fills] = nil end
  if next(patch) ~= nil or values.expect ~= nil then
    change(state, "issue.update", { patch = patch, comment = values.comment, expect = values.expect })
  elseif values.comment ~= nil then
    send(state, "comment.add", { body = values.comment })
    api.outdate(state)
  end
  for _, part in ipairs(parts) do
    if values[part.name] ~= nil then change(state, part.command, { [part.field] = values[part.name] }) end
  end
  if values.fields then set_fields(state, values.fields) end
  return state.handle
end

function methods.move(self, place)
  local state = api.self(self, "issue", "move")
  if type(place) == "string" or api.state_of(place, "stage") then place = { stage = place } end
  local fields = api.fields_of("IssueMove", place)
  local top = fields.top
  fields.top = nil
  local input = api.fill(state.project, "IssueMove", fields, {})
  if top then input.after = null end
  return change(state, "issue.move", input)
end

-- Ids of those assigned now, without these.
local function assigned(state, without)
  local ids = array()
  for user in api.read(state, "assignees") do
    if not without[user.id] then ids[#ids + 1] = user.id end
  end
  return ids
end

local users_argument = { takes = "user", many = "list" }

local function set_of(state, users)
  local set = {}
  for place, id in ipairs(api.convert(state.project, users_argument, users)) do set[id], set[place] = true, id end
  return set
end

function methods.assign(self, users)
  local state = api.self(self, "issue", "assign")
  if users == nil then fail("invalid", "users is missing") end
  local added = set_of(state, users)
  local ids = assigned(state, added)
  local is_new = false
  for _, user in ipairs(added) do ids[#ids + 1] = user end
  for user in api.read(state, "assignees") do added[user.id] = nil end
  for _, user in ipairs(added) do is_new = is_new or added[user] end
  if not is_new then return self end
  return change(state, "issue.setAssignees", { user_ids = ids })
end

function methods.unassign(self, users)
  local state = api.self(self, "issue", "unassign")
  if #api.read(state, "assignees") == 0 then return self end
  if users == nil then return change(state, "issue.setAssignees", { user_ids = array() }) end
  local ids = assigned(state, set_of(state, users))
  if #ids == #api.read(state, "assignees") then return self end
  return change(state, "issue.setAssignees", { user_ids = ids })
end

-- By `issue.bulk`, which adds and takes off in one step, whatever others do at the same time.
local function change_tags(method, field)
  return function(self, ...)
    local state = api.self(self, "issue", method)
    local ids = array()
    for place = 1, select("#", ...) do
      for _, id in ipairs(api.convert(state.project, { takes = "tag", many = "list" }, (select(place, ...)))) do
        ids[#ids + 1] = id
      end
    end
    if #ids == 0 then return self end
    local args = api.place_of(state)
    args.issue, args.issues, args.patch = nil, array({ state.key }), { [field] = ids }
    local answer = call("issue.bulk", args)
    for _, card in ipairs(answer.items or {}) do api.handle("issue", state.project, card, "card") end
    return self
  end
end
methods.tag = change_tags("tag", "add_tag_ids")
methods.untag = change_tags("untag", "remove_tag_ids")

function methods.has_tag(self, name)
  local state = api.self(self, "issue", "has_tag")
  local wanted = api.state_of(name, "tag") and name.name or name
  if type(wanted) ~= "string" then fail("invalid", "has_tag takes the name of a tag") end
  for tag in api.read(state, "tags") do
    if lower(tag.name) == lower(wanted) then return true end
  end
  return false
end

function methods.children(self, filter)
  local state = api.self(self, "issue", "children")
  local fields = api.fields_of("IssueFilter", filter or {})
  fields.parent = self
  return api.issues(state.project, fields)
end

function methods.field(self, name)
  local state = api.self(self, "issue", "field")
  if type(name) ~= "string" then fail("invalid", "field takes a name") end
  return (api.read(state, "fields") or {})[api.convert(state.project, { takes = "field" }, name)]
end
