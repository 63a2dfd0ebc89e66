--[[
{
  "title": "Assign in turns",
  "summary": "Assigns new issues to the people of a list, one after the other.",
  "category": "triage",
  "position": 5,
  "document": [
    "Whose turn it is follows from the number of the issue. Issues that have assignees stay with them."
  ],
  "parameters": [
    { "name": "people", "label": "Names, with commas between them", "type": "string", "required": true },
    { "name": "type", "label": "Only issues of this type: bug, feature, task, improvement", "type": "string" }
  ]
}
]]

local function names_in(text)
  local names = {}
  for part in string.gmatch(text, "[^,]+") do
    local name = string.match(part, "^%s*(.-)%s*$")
    if name ~= "" then
      names[#names + 1] = name
    end
  end
  return names
end

on_event("issue.created", function(ctx)
  local issue = ctx.issue
  local people = names_in(params.people)
  local is_wanted = params.type == nil or params.type == "" or issue.type == params.type
  if is_wanted and #people > 0 and #issue.assignees == 0 then
    issue:assign(people[issue.number % #people + 1])
  end
end)
