--[[
{
  "title": "Keep open what has open children",
  "summary": "Reopens an issue that was finished while children of it are still to do, and says which.",
  "category": "workflow",
  "position": 2,
  "document": [
    "Whoever resolves or closes an issue with unfinished children finds it open again, with a comment that names them."
  ],
  "parameters": []
}
]]

local function is_done(issue)
  return issue.status == "resolved" or issue.status == "closed"
end

on_event("issue.status_changed", function(ctx)
  local issue = ctx.issue
  if not is_done(issue) then
    return
  end
  local open = {}
  for _, child in ipairs(issue:children()) do
    if not is_done(child) then
      open[#open + 1] = child.key
    end
  end
  if #open == 0 then
    return
  end
  local comment = "Still to do: " .. table.concat(open, ", ", 1, math.min(#open, 20)) .. "."
  issue:update({ status = "open", comment = comment })
end)
