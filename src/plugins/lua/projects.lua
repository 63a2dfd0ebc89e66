-- Methods of projects and sprints that are more than one command.
local sandbox, _, api = ...
local call, fail = sandbox.call, sandbox.fail
local ipairs, next, type = ipairs, next, type
local find, lower = string.find, string.lower
local math_type = math.type
local methods = api.methods.project

api.labels.project = function(state) return state.data.ref end
api.labels.org = function(state) return state.data.slug end
api.labels.user = function(state) return state.data.display_name or state.key end
api.labels.comment = function(state) return "comment " .. (state.key or "?") end
for _, class in next, { "sprint", "tag", "stage", "lane", "field" } do
  api.labels[class] = function(state) return api.read(state, "name") or class end
end
api.getters.user.name = function(state) return api.read(state, "display_name") end

-- Issues --------------------------------------------------------------------------------------------------------

local function issue_pages(project, args)
  return api.pages("issue.list", args, function(card) return api.handle("issue", project, card, "card") end)
end

-- Numbers of the issues that were unfinished when the sprint was completed, and where they went. Completion tells of
-- each of them in an event of the same moment as its own.
local function unfinished_of(project, sprint_id, completed_at)
  local args = api.place_of(project)
  args.type, args.limit = "issue.sprint_changed", 100
  local fetch = api.pages("activity.list", args, function(activity) return activity end)
  local numbers, went_to = {}, nil
  repeat
    local activities, is_last = fetch()
    for _, activity in ipairs(activities) do
      if activity.at < completed_at then return numbers, went_to end
      local change = activity.changes[1]
      if activity.at == completed_at and change and change.from == sprint_id then
        numbers[activity.issue.number], went_to = true, change.to or "none"
      end
    end
  until is_last
  return numbers, went_to
end

-- What `fetch` gives of these numbers only.
local function only(fetch, numbers)
  return function()
    local items, is_last = fetch()
    local kept = {}
    for _, issue in ipairs(items) do
      if numbers[api.state_of(issue).key] then kept[#kept + 1] = issue end
    end
    return kept, is_last
  end
end

local function one_after_the_other(first, make_second)
  local second
  return function()
    if second then return second() end
    local items, is_last = first()
    if is_last then second = make_second() end
    return items, is_last and second == nil
  end
end

-- In a run for `sprint.completed` the sprint still has what it had: unfinished issues left it in the same step.
local function with_unfinished(project, args)
  local own = issue_pages(project, args)
  local completed = api.completed_sprint
  if not completed or args.sprint_id ~= completed.id or project.data.ref ~= api.home then return own end
  return one_after_the_other(own, function()
    local numbers, went_to = unfinished_of(project, completed.id, completed.completed_at)
    if went_to == nil then return nil end
    local others = {}
    for name, value in next, args do others[name] = value end
    others.sprint_id = went_to
    return only(issue_pages(project, others), numbers)
  end)
end

-- Fields as of the shape IssueFilter.
function api.issues(project, fields)
  local limit = fields.limit
  if limit ~= nil and (math_type(limit) ~= "integer" or limit < 1) then fail("invalid", "limit is a number from 1") end
  fields.limit = nil
  local args = api.fill(project, "IssueFilter", fields, api.place_of(project))
  args.limit = limit and limit < 100 and limit or 100
  -- By number, so that an issue that is changed keeps its place. A query may ask for an order itself.
  local has_order = type(args.q) == "string" and find(lower(args.q), "sort:", 1, true)
  if args.sort == nil and not has_order then args.sort = "created" end
  return api.list(with_unfinished(project, args), limit)
end

function methods.issues(self, filter)
  local state = api.self(self, "project", "issues")
  return api.issues(state, api.fields_of("IssueFilter", filter or {}))
end

function methods.issue(self, number)
  local state = api.self(self, "project", "issue")
  if math_type(number) ~= "integer" then fail("invalid", "an issue has an integer as its number") end
  return api.handle("issue", state, { number = number }, "key")
end

function methods.create_issue(self, issue)
  local state = api.self(self, "project", "create_issue")
  local fields = api.fields_of("NewIssue", issue)
  local custom = fields.fields
  fields.fields = nil
  for name, value in next, fields do
    -- What is new is in no lane, sprint or parent unless one is named.
    if value == "none" and (name == "lane" or name == "sprint" or name == "parent" or name == "estimate") then
      fields[name] = nil
    end
  end
  local input = api.fill(state, "NewIssue", fields, api.place_of(state))
  local made = api.handle("issue", state, call("issue.create", input), "whole")
  if custom then made:update{ fields = custom } end
  return made
end

function api.methods.sprint.issues(self, filter)
  local state = api.self(self, "sprint", "issues")
  local fields = api.fields_of("IssueFilter", filter or {})
  fields.sprint = self
  return api.issues(state.project, fields)
end

-- Sprints -------------------------------------------------------------------------------------------------------

local function sprints_of(project, state)
  local found = {}
  for _, sprint in ipairs(api.items(project, "sprint")) do
    if state == nil or sprint.state == state then found[#found + 1] = sprint end
  end
  return found
end

function api.active_sprint(project) return sprints_of(project, "active")[1] end

function methods.sprints(self, filter)
  local state = api.self(self, "project", "sprints")
  filter = filter or {}
  if type(filter) ~= "table" then fail("invalid", "sprints takes a table, as { state = \"planned\" }") end
  for key in next, filter do
    if key ~= "state" and key ~= "status" then fail("invalid", "sprints are filtered by state only") end
  end
  return api.list_of(sprints_of(state, filter.state or filter.status))
end

function methods.active_sprint(self) return api.active_sprint(api.self(self, "project", "active_sprint")) end
function methods.next_sprint(self) return sprints_of(api.self(self, "project", "next_sprint"), "planned")[1] end

-- People, stages, tags and the rest -------------------------------------------------------------------------------

local lists = { stages = "stage", lanes = "lane", tags = "tag", fields = "field", members = "user" }
for method, kind in next, lists do
  methods[method] = function(self) return api.list_of(api.items(api.self(self, "project", method), kind)) end
end

for method, kind in next, { stage = "stage", sprint = "sprint", member = "user" } do
  methods[method] = function(self, name)
    local state = api.self(self, "project", method)
    if type(name) ~= "string" then fail("invalid", method .. " takes a name or an id") end
    return api.find(state, kind, name)
  end
end
