--[[
{
  "title": "Release notes",
  "summary": "Collects what a completed sprint has resolved into a new issue, by type.",
  "category": "reports",
  "position": 14,
  "document": ["Runs when a sprint is completed. A sprint that resolved nothing makes no issue."],
  "parameters": [
    { "name": "title", "label": "Title of the issue, before the sprint's name", "type": "string", "default": "Release notes" }
  ]
}
]]

local sections = {
  { type = "feature", title = "New" },
  { type = "improvement", title = "Better" },
  { type = "bug", title = "Fixed" },
  { type = "task", title = "Also" },
}

on_event("sprint.completed", function(ctx)
  local by_type = {}
  local count = 0
  for _, issue in ipairs(ctx.sprint:issues({ status = { "resolved", "closed" } })) do
    local list = by_type[issue.type] or {}
    list[#list + 1] = "- " .. issue.title .. " (" .. issue.key .. ")"
    by_type[issue.type] = list
    count = count + 1
  end
  if count == 0 then
    return
  end
  local parts = {}
  for _, section in ipairs(sections) do
    local list = by_type[section.type]
    if list then
      parts[#parts + 1] = "## " .. section.title .. "\n\n" .. table.concat(list, "\n")
    end
  end
  ctx.project:create_issue({
    title = params.title .. ": " .. ctx.sprint.name,
    description = table.concat(parts, "\n\n"),
  })
end)
