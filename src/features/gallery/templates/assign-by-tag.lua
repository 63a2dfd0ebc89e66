--[[
{
  "title": "Assign by tag",
  "summary": "Assigns whoever looks after a tag to the issues that get it.",
  "category": "triage",
  "position": 4,
  "document": ["Issues that have assignees stay with them. Install it once for each tag."],
  "parameters": [
    { "name": "tag", "label": "Name of the tag", "type": "string", "required": true },
    { "name": "person", "label": "Who is assigned, by name", "type": "string", "required": true }
  ]
}
]]

local function assign(ctx)
  local issue = ctx.issue
  if issue:has_tag(params.tag) and #issue.assignees == 0 then
    issue:assign(params.person)
  end
end

on_event("issue.created", assign)
on_event("issue.tagged", assign)
