--[[
{
  "title": "Close duplicates",
  "summary": "Closes an issue with a comment when someone says that it duplicates another.",
  "category": "triage",
  "position": 6,
  "document": ["Runs when a relation `duplicates` is added, from either side."],
  "parameters": []
}
]]

on_event("relation.added", function(ctx)
  local relation = ctx.event.relation
  if relation.type ~= "duplicates" then
    return
  end
  local duplicate = ctx.project:issue(relation.source)
  local original = ctx.project:issue(relation.target)
  if duplicate.status == "closed" then
    return
  end
  duplicate:update({ status = "closed", comment = "Duplicate of " .. original.key .. "." })
end)
