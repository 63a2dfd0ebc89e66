--[[
{
  "title": "Close the parent",
  "summary": "Closes an issue when the last of its children is done.",
  "category": "workflow",
  "position": 1,
  "document": [
    "When an issue is resolved or closed and no other child of its parent is still to do, the parent gets the status",
    "that you choose, with a comment. Parents of parents follow."
  ],
  "parameters": [
    { "name": "status", "label": "Status of the parent: resolved or closed", "type": "string", "default": "closed" }
  ]
}
]]

local function is_done(issue)
  return issue.status == "resolved" or issue.status == "closed"
end

on_event("issue.status_changed", function(ctx)
  local issue = ctx.issue
  if not is_done(issue) or issue.parent == nil then
    return
  end
  local parent = ctx.project:issue(issue.parent)
  if is_done(parent) then
    return
  end
  local count = 0
  for _, child in ipairs(parent:children()) do
    if not is_done(child) then
      return
    end
    count = count + 1
  end
  parent:update({ status = params.status, comment = string.format("All %d children are done.", count) })
end)
