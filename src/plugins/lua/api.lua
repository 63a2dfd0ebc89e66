-- What a script sees, and how its handlers are called.
local sandbox, _, api = ...
local call, fail, env, json = sandbox.call, sandbox.fail, sandbox.env, sandbox.json
local ipairs, next, select, type = ipairs, next, select, type
local concat, format, match, sub = table.concat, string.format, string.match, string.sub
local randomseed = math.randomseed

local handlers = {}
local schedules = {}
local is_running = false
local context

-- What sets it off ----------------------------------------------------------------------------------------------

local function check_handler(name, fn)
  if is_running then fail("invalid", name .. " stands at the top level of a script, not in a handler") end
  if type(fn) ~= "function" then fail("invalid", name .. " needs a function") end
end

function env.on_event(name, fn)
  check_handler("on_event", fn)
  if type(name) ~= "string" then fail("invalid", "on_event needs the name of an event, as \"issue.created\"") end
  handlers[#handlers + 1] = { name = name, fn = fn }
end

-- (cron, fn), (cron, fn, time zone) or (cron, { time_zone = }, fn)
function env.on_schedule(cron, first, second)
  local fn, options = first, { time_zone = second }
  if type(first) == "table" then fn, options = second, api.fields_of("ScheduleOptions", first) end
  check_handler("on_schedule", fn)
  if type(cron) ~= "string" then fail("invalid", "on_schedule needs a text as \"0 9 * * 1\"") end
  local zone = options.time_zone or "UTC"
  if type(zone) ~= "string" then fail("invalid", "a time zone is a text as \"Europe/Berlin\"") end
  schedules[#schedules + 1] = { cron = cron, time_zone = zone, fn = fn }
end

-- What it may do ------------------------------------------------------------------------------------------------

local function log(...)
  local parts = {}
  for place = 1, select("#", ...) do parts[place] = api.text_of((select(place, ...))) end
  sandbox.log(concat(parts, "\t"))
end
env.log, env.print = log, log

local function here()
  if not is_running then fail("invalid", "only inside a handler") end
end

function env.notify(user, text, about)
  here()
  local issue = api.state_of(about, "issue")
  local project = issue and issue.project or api.state_of(about, "project") or context.project
  if not project then fail("invalid", "notify(user, text, about) needs an issue or a project here") end
  if about == nil then issue = context.issue end
  local args = api.place_of(project)
  args.user_id = api.convert(project, { takes = "user" }, user)
  args.text, args.issue = text, issue and issue.key
  return call("notification.send", args).told
end

for _, name in next, { "now", "age" } do
  env[name] = function(value)
    here()
    return api[name](value)
  end
end
env.unix, env.iso = api.unix, api.iso

env.json = {
  encode = function(value) return json.encode(api.plain(value)) end,
  decode = json.decode,
  array = json.array,
  null = json.null,
}

-- Without a number Lua would take one from the clock.
function env.math.randomseed(seed) randomseed(seed or 0) end
randomseed(0)

env.params = {}

-- Before the script itself: what its top level may know.
function sandbox.begin(input)
  local given = input.context or {}
  for name, value in next, given.params or {} do env.params[name] = value end
  randomseed(given.seed or 0)
end

-- The context ---------------------------------------------------------------------------------------------------

local function user_of(person)
  local data = { id = person.id, display_name = person.name, kind = person.kind, avatar_url = person.avatar_url }
  return api.handle("user", nil, data, "whole")
end

local function state_of_new(...) return api.state_of(api.handle(...)) end

-- The event with the fields of its data; entities are handles, as they are now.
local function event_of(given)
  local event = {}
  for name, value in next, given.data or {} do event[name] = value end
  for name, value in next, given do event[name] = value end
  local status = event.changes and event.changes.status
  if status then event.old_status, event.new_status = status.from, status.to end
  if type(event.issue) == "table" then event.issue = context.issue and context.issue.handle end
  if event.comment then event.comment = context.comment end
  if type(event.sprint) == "table" then event.sprint = context.sprint end
  return event
end

local getters = api.getters.context

function getters.sprint(state)
  if not context.sprint_read then
    context.sprint_read = true
    context.sprint = context.sprint or context.project and api.active_sprint(context.project)
  end
  return context.sprint
end

local function handle_of(state) return state and state.handle end

local function open(given)
  context, api.time = {}, given.now
  if given.project then
    api.home = given.project.ref
    context.project = state_of_new("project", nil, given.project, "key")
  end
  local data = given.event and given.event.data or {}
  if given.issue and context.project then
    context.issue = state_of_new("issue", context.project, { number = given.issue }, "key")
  end
  if type(data.comment) == "table" then context.comment = api.handle("comment", context.project, data.comment, "whole") end
  if given.sprint_id and context.project then
    context.sprint = api.handle("sprint", context.project, { id = given.sprint_id }, "key")
  end
  if given.event and given.event.type == "sprint.completed" then api.completed_sprint = data.sprint end

  return api.handle("context", nil, {
    event = given.event and event_of(given.event),
    issue = handle_of(context.issue),
    comment = context.comment,
    project = handle_of(context.project),
    user = given.user and user_of(given.user),
    org = api.handle("org", nil, given.org, "whole"),
    script = given.script,
    run = given.run,
    params = env.params,
    tick = given.tick,
    now = given.now,
  }, "whole")
end

-- Calling -------------------------------------------------------------------------------------------------------

local function fits(pattern, name)
  if pattern == name or pattern == "*" then return true end
  local noun = match(pattern, "^(.*%.)%*$")
  return noun ~= nil and sub(name, 1, #noun) == noun
end

local function hears(pattern, input)
  if fits(pattern, input.event) then return true end
  for _, name in ipairs(input.also or {}) do
    if fits(pattern, name) then return true end
  end
  return false
end

local function declare()
  local events, seen, times = json.array(), {}, json.array()
  for _, handler in ipairs(handlers) do
    if not seen[handler.name] then events[#events + 1] = handler.name end
    seen[handler.name] = true
  end
  for place, schedule in ipairs(schedules) do
    times[place] = { cron = schedule.cron, time_zone = schedule.time_zone }
  end
  return { events = events, schedules = times }
end

local function run(input)
  local ctx = open(input.context)
  local count = 0
  if input.schedule then
    local schedule = schedules[input.schedule]
    if not schedule then fail("invalid", format("the script has no schedule %d any more", input.schedule)) end
    schedule.fn(ctx)
    return { handlers = 1 }
  end
  for _, handler in ipairs(handlers) do
    if hears(handler.name, input) then
      handler.fn(ctx)
      count = count + 1
    end
  end
  return { handlers = count }
end

-- So that errors have the line of the script in `return issue:update{ ... }` too.
for _, methods in next, api.methods do
  for name, method in next, methods do methods[name] = sandbox.keep_line(method) end
end

return function(input)
  is_running = true
  if input.mode == "declare" then return declare() end
  return run(input)
end
