--[[
{
  "title": "Thank the reporter",
  "summary": "Answers a new issue with a comment, so that nobody waits for a first word.",
  "category": "triage",
  "position": 7,
  "document": ["Answers people only, not bots and scripts; on their first issue in the project unless you say otherwise."],
  "parameters": [
    {
      "name": "text",
      "label": "What the comment says",
      "type": "string",
      "default": "Thank you for the report, we will look at it soon."
    },
    { "name": "first_only", "label": "Only for someone's first issue", "type": "boolean", "default": true }
  ]
}
]]

on_event("issue.created", function(ctx)
  local reporter = ctx.issue.reporter
  if reporter.kind ~= "user" then
    return
  end
  if params.first_only and #ctx.project:issues({ reporter = reporter.id }) > 1 then
    return
  end
  ctx.issue:add_comment(params.text)
end)
