--[[
{
  "title": "Escalate by age",
  "summary": "Raises the priority of open issues that are older than so many days.",
  "category": "triage",
  "position": 8,
  "document": ["Looks each day at seven, UTC, and raises the oldest first, 40 a day at most."],
  "parameters": [
    { "name": "days", "label": "Days since it was reported", "type": "number", "default": 30 },
    { "name": "from", "label": "Priority that is raised", "type": "string", "default": "normal" },
    { "name": "to", "label": "Priority that it gets", "type": "string", "default": "major" }
  ]
}
]]

local DAY = 24 * 60 * 60
local MOST = 40

on_schedule("0 7 * * *", function(ctx)
  local due = {}
  for _, issue in ipairs(ctx.project:issues({ status = { "open", "in_progress" }, priority = params.from })) do
    if age(issue.created_at) > params.days * DAY then
      due[#due + 1] = issue
    end
  end
  table.sort(due, function(a, b)
    return a.number < b.number
  end)
  for i = 1, math.min(#due, MOST) do
    local comment = string.format("Open for more than %g days: %s now.", params.days, params.to)
    due[i]:update({ priority = params.to, comment = comment })
  end
end)
