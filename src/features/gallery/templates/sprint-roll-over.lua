--[[
{
  "title": "Roll the sprint over",
  "summary": "Completes a sprint when its end has passed, moves what is unfinished to the next one, and starts that.",
  "category": "planning",
  "position": 12,
  "document": [
    "The next sprint is the planned one that starts first. Without any, the sprint stays active, and nothing happens."
  ],
  "parameters": [{ "name": "start", "label": "Start the next sprint", "type": "boolean", "default": true }]
}
]]

on_event("sprint.ended", function(ctx)
  local ended = ctx.sprint
  -- Whoever completes a sprint before its end ends it too.
  if ended.state ~= "active" then
    return
  end
  local following = ctx.project:next_sprint()
  if following == nil then
    log("there is no planned sprint to go on with")
    return
  end
  ended:complete({ unfinished = following })
  if params.start then
    following:start()
  end
end)
