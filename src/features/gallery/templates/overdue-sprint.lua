--[[
{
  "title": "Warn of an overdue sprint",
  "summary": "Tells someone each weekday that the active sprint should have ended.",
  "category": "reminders",
  "position": 11,
  "document": ["Looks on weekdays at nine, UTC, until someone completes the sprint or puts its end off."],
  "parameters": [{ "name": "person", "label": "Who is told, by name", "type": "string", "required": true }]
}
]]

on_schedule("0 9 * * 1-5", function(ctx)
  local sprint = ctx.project:active_sprint()
  if sprint == nil or age(sprint.ends_at) <= 0 then
    return
  end
  local open = #sprint:issues({ status = { "open", "in_progress" } })
  notify(params.person, string.format("%s should have ended and is still active; to do: %d.", sprint.name, open))
end)
