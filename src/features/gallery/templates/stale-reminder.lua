--[[
{
  "title": "Remind of stale issues",
  "summary": "Asks on issues that nothing has happened to for so many days, and tells their assignees.",
  "category": "reminders",
  "position": 9,
  "document": [
    "Looks on weekdays at nine, UTC. The comment counts as something that happened, so each issue is asked about again",
    "only after as many days more."
  ],
  "parameters": [
    { "name": "days", "label": "Days without a change", "type": "number", "default": 14 },
    { "name": "most", "label": "Most issues a day", "type": "number", "default": 20 }
  ]
}
]]

on_schedule("0 9 * * 1-5", function(ctx)
  local count = 0
  local stale = { status = { "open", "in_progress" }, updated_before = string.format("%.0fd", params.days) }
  for _, issue in ipairs(ctx.project:issues(stale)) do
    if count >= params.most then
      break
    end
    count = count + 1
    issue:add_comment(string.format("Nothing has happened here for %g days. Is this still wanted?", params.days))
    for _, person in ipairs(issue.assignees) do
      notify(person, issue.key .. " waits for you.", issue)
    end
  end
  log("reminded of", count)
end)
