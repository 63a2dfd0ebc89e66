--[[
{
  "title": "Tell who was blocked",
  "summary": "Comments on the issues that a finished one blocked, and tells their assignees.",
  "category": "workflow",
  "position": 3,
  "document": ["Runs when an issue is resolved or closed that `blocks` others."],
  "parameters": []
}
]]

on_event("issue.status_changed", function(ctx)
  local issue = ctx.issue
  if issue.status ~= "resolved" and issue.status ~= "closed" then
    return
  end
  for _, relation in ipairs(issue:relations()) do
    if relation.type == "blocks" and relation.target.deleted_at == nil then
      local blocked = ctx.project:issue(relation.target.number)
      blocked:add_comment(issue.key .. " is done and blocks this no longer.")
      for _, person in ipairs(blocked.assignees) do
        notify(person, blocked.key .. " is not blocked by " .. issue.key .. " any more.", blocked)
      end
    end
  end
end)
