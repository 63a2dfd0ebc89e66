--[[
{
  "title": "Warn of too much at once",
  "summary": "Tells someone, and whoever moved the issue, when a stage holds more issues than it should.",
  "category": "reminders",
  "position": 10,
  "document": ["Unlike the limit of a stage it refuses nothing."],
  "parameters": [
    { "name": "stage", "label": "Name of the stage", "type": "string", "default": "In Progress" },
    { "name": "limit", "label": "Most issues", "type": "number", "default": 5 },
    { "name": "person", "label": "Who is told, by name", "type": "string", "required": true }
  ]
}
]]

on_event("issue.moved", function(ctx)
  local stage = ctx.event.changes.stage_id
  if stage == nil or stage.to_name ~= params.stage then
    return
  end
  local count = #ctx.project:issues({ stage = params.stage })
  if count <= params.limit then
    return
  end
  local text = string.format("%s holds %d issues, more than %g.", params.stage, count, params.limit)
  notify(params.person, text, ctx.issue)
  if ctx.user and ctx.user.kind == "user" and ctx.user.display_name ~= params.person then
    notify(ctx.user, text, ctx.issue)
  end
end)
