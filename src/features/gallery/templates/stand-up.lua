--[[
{
  "title": "Stand-up summary",
  "summary": "Comments each weekday on one issue what is in progress, by assignee, and what was done since the day before.",
  "category": "reports",
  "position": 13,
  "document": ["Make an issue for it, which people may watch, and give its number. It writes at half past eight, UTC."],
  "parameters": [
    { "name": "issue", "label": "Number of the issue that it comments on", "type": "number", "required": true }
  ]
}
]]

local DAY = 24 * 60 * 60
local MOST = 50

local function line(issue)
  local names = {}
  for _, person in ipairs(issue.assignees) do
    names[#names + 1] = person.display_name
  end
  local who = #names > 0 and table.concat(names, ", ") or "nobody"
  return string.format("- %s %s (%s)", issue.key, issue.title, who)
end

local function list(title, issues)
  local lines = { "**" .. title .. "**" }
  for i = 1, math.min(#issues, MOST) do
    lines[#lines + 1] = line(issues[i])
  end
  if #issues == 0 then
    lines[#lines + 1] = "- nothing"
  end
  if #issues > MOST then
    lines[#lines + 1] = string.format("- and %d more", #issues - MOST)
  end
  return table.concat(lines, "\n")
end

on_schedule("30 8 * * 1-5", function(ctx)
  local done = {}
  for _, issue in ipairs(ctx.project:issues({ status = { "resolved", "closed" }, sort = "updated" })) do
    -- On Mondays what was done on Friday counts too.
    if age(issue.updated_at) > 3 * DAY then
      break
    end
    done[#done + 1] = issue
  end
  local under_way = ctx.project:issues({ status = "in_progress" })
  local board = ctx.project:issue(math.tointeger(params.issue))
  board:add_comment(list("In progress", under_way) .. "\n\n" .. list("Done lately", done))
end)
