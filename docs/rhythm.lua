---@meta rhythm
-- What scripts of Rhythm see, for editors with the Lua language server: put this file in your workspace.
-- Generated from the protocol; do not edit. The same to read: docs/scripts-api.md

---Reads further pages when they are needed: `for item in list do`, `ipairs(list)`, `list[1]` and `#list`.
---@class List<T>: { [integer]: T }
---@overload fun(): T
---@field all fun(self: List<T>): T[] # A table of all items.

---@class Failure
---@field code string # As `not_found`, `forbidden`, `conflict`, `invalid`.
---@field message string
---@field details? table

---@alias ProfileEventName
---| "profile.updated" # Someone of these organizations and projects has another name or picture: change it wherever they are shown.
---| "profile.*" # All of them.

---@alias OrgEventName
---| "org.created" # An organization began.
---| "org.updated" # Its settings changed.
---| "org.deleted" # It is gone, with its projects.
---| "org.owner_changed" # Ownership was handed over.
---| "org.*" # All of them.

---@alias MemberEventName
---| "member.added" # Someone joined.
---| "member.role_changed" # A member has another role.
---| "member.removed" # Someone left or was removed.
---| "member.*" # All of them.

---@alias ProjectEventName
---| "project.created" # A project began.
---| "project.updated" # Its settings changed.
---| "project.archived" # It is read-only now.
---| "project.unarchived" # Work goes on.
---| "project.deleted" # It is gone.
---| "project.member_added" # Someone got a role here.
---| "project.member_role_changed" # Someone's role here changed.
---| "project.member_removed" # Someone's role here was taken away.
---| "project.*" # All of them.

---@alias StageEventName
---| "stage.created" # A stage was added.
---| "stage.updated" # A stage changed.
---| "stage.reordered" # The stages stand in this order.
---| "stage.deleted" # A stage is gone; its issues moved before, in events of their own.
---| "stage.*" # All of them.

---@alias IssueEventName
---| "issue.created" # An issue was created.
---| "issue.updated" # Fields of an issue changed.
---| "issue.moved" # It changed stage or place; a status that changed with it is in `changes`.
---| "issue.status_changed" # Its status was set; the stage that followed is in `changes`.
---| "issue.assigned" # Someone was assigned.
---| "issue.unassigned" # Someone is not assigned any more.
---| "issue.tagged" # Tags were added.
---| "issue.untagged" # Tags were taken off.
---| "issue.sprint_changed" # It is in another sprint, or in none.
---| "issue.deleted" # It left the board.
---| "issue.restored" # It is back.
---| "issue.purged" # It is gone for ever.
---| "issue.*" # All of them.

---@alias TagEventName
---| "tag.created" # A tag was made.
---| "tag.updated" # A tag changed; so it does on every card.
---| "tag.removed" # A tag is gone; take it off every card.
---| "tag.*" # All of them.

---@alias LaneEventName
---| "lane.created" # A lane was added.
---| "lane.updated" # A lane changed.
---| "lane.reordered" # The lanes stand in this order.
---| "lane.deleted" # A lane is gone; its issues are in none.
---| "lane.*" # All of them.

---@alias FieldEventName
---| "field.created" # A custom field was added.
---| "field.updated" # A custom field changed.
---| "field.deleted" # A custom field is gone, with its values on every card.
---| "field.*" # All of them.

---@alias WorkflowEventName
---| "workflow.changed" # Other changes of status are allowed now.
---| "workflow.*" # All of them.

---@alias CommentEventName
---| "comment.created" # Someone commented; the issue's count goes up.
---| "comment.edited" # A comment was changed.
---| "comment.deleted" # A comment is gone; the issue's count goes down.
---| "comment.*" # All of them.

---@alias RelationEventName
---| "relation.added" # Two issues were related.
---| "relation.removed" # A relation was taken away.
---| "relation.*" # All of them.

---@alias TimeEventName
---| "time.logged" # Time was logged; the issue's total goes up.
---| "time.deleted" # An entry is gone; the issue's total goes down.
---| "time.*" # All of them.

---@alias SprintEventName
---| "sprint.created" # A sprint was planned.
---| "sprint.updated" # A sprint changed.
---| "sprint.started" # A sprint began.
---| "sprint.ended" # Its end time passed; an admin has yet to complete it.
---| "sprint.completed" # An admin closed it.
---| "sprint.deleted" # A sprint is gone, and with it the `sprintId` of its issues; they have no events of their own.
---| "sprint.*" # All of them.

---@alias PlanEventName
---| "plan.changed" # The organization has another plan.
---| "plan.*" # All of them.

---@alias QuotaEventName
---| "quota.warning" # Four fifths of a daily quota are used; told once a day.
---| "quota.exceeded" # A daily quota is used up: until midnight UTC such commands are refused. Told once a day.
---| "quota.*" # All of them.

---@alias BotEventName
---| "bot.created" # A bot joined.
---| "bot.updated" # A bot was changed, or may act again.
---| "bot.suspended" # A bot may not act; its sockets are closed.
---| "bot.deleted" # A bot is gone, with its keys and roles.
---| "bot.*" # All of them.

---@alias KeyEventName
---| "key.created" # Someone or a bot has a new key.
---| "key.updated" # A key has another label.
---| "key.rotated" # A key has a new secret.
---| "key.revoked" # A key ended: its sockets are closed.
---| "key.*" # All of them.

---@alias GalleryEventName
---| "gallery.published" # A script of the organization was published, or its next version.
---| "gallery.*" # All of them.

---@alias EventName ProfileEventName|OrgEventName|MemberEventName|ProjectEventName|StageEventName|IssueEventName|TagEventName|LaneEventName|FieldEventName|WorkflowEventName|CommentEventName|RelationEventName|TimeEventName|SprintEventName|PlanEventName|QuotaEventName|BotEventName|KeyEventName|GalleryEventName|"*"

---What happened, with the fields of its data.
---@class Event
---@field seq integer # Its number in the project's history.
---@field type string # As `issue.moved`: a move that changes the status is heard as `issue.status_changed` too.
---@field at string # ISO time.
---@field actor { id: string?, kind: string, name: string } # Who did it.
---@field cause { seq: integer, run_id: string?, depth: integer }? # Of events that scripts cause.
---@field data table # All that the event says, as it was then. Its fields are fields of the event too.
---@field changes table<string, { from: any, to: any, from_name: string?, to_name: string? }> # By field: `ctx.event.changes.status.from`.
---@field old_status string? # When the status changed.
---@field new_status string? # When the status changed.
---@field user? User # Of profile.*.
---@field org? { id: string, slug: string, name: string, description: string, created_at: string, updated_at: string } # Of org.*.
---@field org_id? string # Of org.*, plan.*.
---@field from_user_id? string # Of org.*.
---@field to_user_id? string # Of org.*.
---@field member? any # Of member.*, project.*.
---@field user_id? string # Of member.*, project.*.
---@field project? Project # Of project.*.
---@field project_id? string # Of project.*.
---@field ref? string # Of project.*.
---@field stage? Stage # Of stage.*.
---@field stage_ids? string[] # Of stage.*.
---@field stage_id? string # Of stage.*.
---@field issue? Issue # Of issue.*.
---@field number? integer # Of issue.*, comment.*, time.*.
---@field version? integer # Of issue.*.
---@field updated_at? string # Of issue.*.
---@field tag? Tag # Of tag.*.
---@field tag_id? string # Of tag.*.
---@field lane? Lane # Of lane.*.
---@field lane_ids? string[] # Of lane.*.
---@field lane_id? string # Of lane.*.
---@field field? Field # Of field.*.
---@field field_id? string # Of field.*.
---@field transitions? ({ from: "open"|"in_progress"|"resolved"|"closed", to: "open"|"in_progress"|"resolved"|"closed", kinds: ("epic"|"story"|"task"|"subtask")[]|nil })[] # Of workflow.*.
---@field comment? Comment # Of comment.*.
---@field comment_id? string # Of comment.*.
---@field relation? { id: string, type: "blocks"|"duplicates"|"relates_to"|"clones", source: integer, target: integer } # Of relation.*.
---@field entry? TimeEntry # Of time.*.
---@field entry_id? string # Of time.*.
---@field seconds? integer # Of time.*.
---@field sprint? Sprint # Of sprint.*.
---@field sprint_id? string # Of sprint.*.
---@field plan? { id: string, name: string, members: integer?, projects: integer?, commands_per_day: integer?, script_runs_per_day: integer?, event_retention_days: integer? } # Of plan.*.
---@field quota? "commands"|"scriptRuns" # Of quota.*.
---@field day? string # Of quota.*.
---@field used? integer # Of quota.*.
---@field limit? integer # Of quota.*.
---@field bot? { id: string, name: string, avatar_url: string?, suspended_at: string?, created_at: string } # Of bot.*.
---@field bot_id? any # Of bot.*, key.*.
---@field key? { id: string, bot_id: string?, label: string, scopes: ("read"|"write"|"admin")[], projects: string[]?, created_at: string, expires_at: string?, previous_expires_at: string? } # Of key.*.
---@field key_id? string # Of key.*.
---@field label? string # Of key.*.
---@field item? { id: string, version: integer, title: string, summary: string, category: "triage"|"workflow"|"planning"|"reminders"|"reports"|"other", parameters: ({ name: string, label: string, type: "string"|"number"|"boolean", default: string|number|boolean|nil, required: boolean })[], author: User?, published_at: string? } # Of gallery.*.

---Which issues: all of it must hold. One value or a list, of which any is enough.
---@class IssueFilter
---@field status? "open"|"in_progress"|"resolved"|"closed"|("open"|"in_progress"|"resolved"|"closed")[] # Where it stands.
---@field type? "bug"|"feature"|"task"|"improvement"|("bug"|"feature"|"task"|"improvement")[] # What it is about.
---@field kind? "epic"|"story"|"task"|"subtask"|("epic"|"story"|"task"|"subtask")[] # Its level.
---@field priority? "critical"|"major"|"normal"|"minor"|("critical"|"major"|"normal"|"minor")[] # How urgent it is.
---@field assignee? User|string|"none"|(User|string|"none")[] # Who has it.
---@field reporter? User|string|(User|string)[] # Who reported it.
---@field tag? Tag|string|(Tag|string)[] # Names.
---@field stage? Stage|string|(Stage|string)[] # Names or ids.
---@field sprint? Sprint|string|"active"|"none"|(Sprint|string|"active"|"none")[] # Sprints, names or ids; none: the backlog.
---@field lane? Lane|string|"none"|(Lane|string|"none")[] # Names or ids.
---@field parent? Issue|integer|(Issue|integer)[] # What they stand under.
---@field fields? table<string, string|number> # Custom fields by name.
---@field q? string # Words, or the query language of docs/query.md.
---@field updated_before? string # Not changed since then: ISO time, or an age as "7d", "12h", "30m", "2w".
---@field sort? "created"|"updated"|"priority"|"rank"|"relevance" # created unless given: the newest first.
---@field limit? integer # At most so many.

---What an issue is to be.
---@class NewIssue
---@field title string # 1 to 200 characters.
---@field description? string # Markdown.
---@field type? "bug"|"feature"|"task"|"improvement" # What it is about.
---@field kind? "epic"|"story"|"task"|"subtask" # Its level.
---@field priority? "critical"|"major"|"normal"|"minor" # How urgent it is.
---@field stage? Stage|string # Name or id.
---@field lane? Lane|string|"none" # Name or id.
---@field parent? Issue|integer|"none" # The issue that it stands under.
---@field sprint? Sprint|string|"active"|"none" # Sprint, name or id; none: the backlog.
---@field tags? (Tag|string)[] # Names or ids; these and no others.
---@field assignees? (User|string)[] # These and no others.
---@field estimate? number|"none" # In the unit of the team.
---@field fields? table<string, string|number> # Custom fields by name.

---What is to change; the rest stays.
---@class IssueUpdate
---@field title? string # 1 to 200 characters.
---@field description? string # Markdown.
---@field type? "bug"|"feature"|"task"|"improvement" # What it is about.
---@field kind? "epic"|"story"|"task"|"subtask" # Its level.
---@field priority? "critical"|"major"|"normal"|"minor" # How urgent it is.
---@field status? "open"|"in_progress"|"resolved"|"closed" # It goes to the first stage of that status.
---@field estimate? number|"none" # In the unit of the team.
---@field parent? Issue|integer|"none" # The issue that it stands under.
---@field lane? Lane|string|"none" # Name or id.
---@field stage? Stage|string # Name or id.
---@field sprint? Sprint|string|"active"|"none" # Sprint, name or id; none: the backlog.
---@field tags? (Tag|string)[] # Names or ids; these and no others.
---@field assignees? (User|string)[] # These and no others.
---@field fields? table<string, string|number> # Custom fields by name.
---@field comment? string # Added in the same step as the change.
---@field expect? integer # The `version` that you saw; raises `conflict` when it is another by now.

---Where to; at the bottom unless said.
---@class IssueMove
---@field stage? Stage|string # Name or id; its own unless given.
---@field lane? Lane|string|"none" # Name or id.
---@field after? Issue|integer # Right below this one.
---@field before? Issue|integer # Right above this one.
---@field top? boolean # true: above all others.

---What a sprint is to be.
---@class NewSprint
---@field name string # 1 to 100 characters.
---@field starts_at string|number # ISO time or seconds since 1970.
---@field ends_at string|number # ISO time or seconds since 1970.
---@field goal? string # What it is for.

---What is to change; the rest stays.
---@class SprintUpdate
---@field name? string # 1 to 100 characters.
---@field starts_at? string|number # ISO time or seconds since 1970.
---@field ends_at? string|number # ISO time or seconds since 1970.
---@field goal? string # What it is for.

---Which sprints.
---@class SprintFilter
---@field state? "planned"|"active"|"completed" # Also called `status`.

---What becomes of unfinished issues.
---@class SprintCompletion
---@field unfinished? Sprint|string|"backlog" # Where they go; the backlog unless given.

---How a schedule is meant.
---@class ScheduleOptions
---@field time_zone? string # As "Europe/Berlin"; UTC unless given.

---What a handler is called with.
---@class Context
---@field event Event? # What happened; nil by the clock.
---@field issue Issue? # The issue that the event is about, as it is now.
---@field comment Comment? # Of events about a comment.
---@field project Project # nil by the clock in a script of an organization: see `ctx.org:projects()`.
---@field sprint Sprint? # The sprint that the event is about, else the active one.
---@field user User? # Who made the event happen; nil by the clock, or when it was the server.
---@field org Org # The organization.
---@field script { id: string, name: string } # This script.
---@field run { id: string, depth: integer, dry_run: boolean } # This run.
---@field params table<string, string|number|boolean> # The same as the global `params`.
---@field tick string? # When the clock was to call, ISO time.
---@field now string # The same as `now()`.
local Context = {}

---A project: where issues, sprints and the rest are found and made.
---@class Project
---@field id string
---@field org_id string
---@field ref string # Slugs of organization and project, as `acme/web`.
---@field slug string
---@field key string # Prefix of issue keys, as in `WEB-12`.
---@field name string
---@field description string
---@field created_by string
---@field parallel_sprints boolean # Whether several sprints may be active.
---@field archived_at string?
---@field created_at string
---@field updated_at string
local Project = {}

---Issues that match, the newest first. The list reads further pages when they are needed; issues that change meanwhile come neither twice nor not at all.
---
---```lua
---for issue in ctx.project:issues{ status = "open", tag = "bug" } do log(issue.key, issue.title) end
---```
---@param filter? IssueFilter # Only these.
---@return List<Issue>
function Project:issues(filter) end

---The issue of this number. It is read when a field of it is asked for.
---
---```lua
---log(ctx.project:issue(12).title)
---```
---@param number integer # As in WEB-12.
---@return Issue
function Project:issue(number) end

---Makes an issue, at the bottom of its stage.
---
---```lua
---ctx.project:create_issue{ title = "Renew the certificate", tags = { "ops" }, sprint = "active" }
---```
---@param issue NewIssue # What it is to be.
---@return Issue
function Project:create_issue(issue) end

---Issues in no sprint that are not done, in board order, without epics.
---
---```lua
---log(#ctx.project:backlog())
---```
---@return List<Issue>
function Project:backlog() end

---Its sprints, the first to start first.
---
---```lua
---local upcoming = ctx.project:sprints{ state = "planned" }[1]
---```
---@param filter? SprintFilter # Only these.
---@return List<Sprint>
function Project:sprints(filter) end

---The sprint of this name or id; of several with one name the last to start.
---
---```lua
---log(ctx.project:sprint("Sprint 7").goal)
---```
---@param name string # Name or id.
---@return Sprint
function Project:sprint(name) end

---The active sprint, or nil; of several the first to start.
---
---```lua
---local sprint = ctx.project:active_sprint()
---```
---@return Sprint?
function Project:active_sprint() end

---The planned sprint that is the first to start, or nil.
---
---```lua
---local sprint = ctx.project:next_sprint()
---```
---@return Sprint?
function Project:next_sprint() end

---Plans a sprint.
---
---```lua
---ctx.project:create_sprint{ name = "Sprint 8", starts_at = now(), ends_at = iso(now("unix") + 14 * 86400) }
---```
---@param sprint NewSprint # What it is to be.
---@return Sprint
function Project:create_sprint(sprint) end

---Everyone with a role in it, with `role`.
---
---```lua
---for user in ctx.project:members() do if user.role == "developer" then log(user.name) end end
---```
---@return List<User>
function Project:members() end

---The member of this display name or id.
---
---```lua
---issue:assign(ctx.project:member("Bob Miller"))
---```
---@param name string # Display name or id.
---@return User
function Project:member(name) end

---Its stages, left to right.
---
---```lua
---for stage in ctx.project:stages() do log(stage.name, stage.wip_limit) end
---```
---@return List<Stage>
function Project:stages() end

---The stage of this name or id.
---
---```lua
---local done = ctx.project:stage("Done")
---```
---@param name string # Name or id.
---@return Stage
function Project:stage(name) end

---Its swim lanes, top to bottom.
---
---```lua
---log(#ctx.project:lanes())
---```
---@return List<Lane>
function Project:lanes() end

---Its tags, by name.
---
---```lua
---for tag in ctx.project:tags() do log(tag.name) end
---```
---@return List<Tag>
function Project:tags() end

---Makes a tag; its name is unique in the project.
---
---```lua
---ctx.project:create_tag("stale", "#9ca3af")
---```
---@param name string # 1 to 100 characters.
---@param color? string # As #1f6feb.
---@return Tag
function Project:create_tag(name, color) end

---Its custom fields, by name.
---
---```lua
---for field in ctx.project:fields() do log(field.name, field.kind) end
---```
---@return List<Field>
function Project:fields() end

---Who changed what in it, newest first.
---
---```lua
---log(ctx.project:activity("issue.created")[1].at)
---```
---@param type? string # Only events of this type.
---@return List<Activity>
function Project:activity(type) end

---Seconds worked from one moment until before another.
---
---```lua
---log(ctx.project:time_report(iso(now("unix") - 7 * 86400), now(), "user").total_seconds)
---```
---@param from string|number # ISO time or seconds.
---@param to string|number # ISO time or seconds.
---@param group_by "user"|"issue" # What to add up.
---@return table
function Project:time_report(from, to, group_by) end

---An issue of a project. Its number is known at once; the rest is read when it is first asked for, and is as the last change of this run left it.
---@class Issue
---@field id string
---@field project string # Slugs of organization and project, as `acme/web`.
---@field number integer # The issue's number in its project.
---@field key string # As people say it: `WEB-12`.
---@field title string
---@field description string
---@field status "open"|"in_progress"|"resolved"|"closed"
---@field priority "critical"|"major"|"normal"|"minor"
---@field type "bug"|"feature"|"task"|"improvement"
---@field kind "epic"|"story"|"task"|"subtask"
---@field stage_id string? # null when its stage was deleted
---@field lane_id string?
---@field rank string # Sorts bytewise within the stage; made by the server.
---@field sprint_id string?
---@field parent integer?
---@field reporter User
---@field assignees List<User>
---@field tags List<Tag>
---@field estimate number?
---@field comment_count integer
---@field time_spent_seconds integer
---@field fields table<string, any>
---@field version integer # Goes up with each change; send it as `expect`.
---@field created_at string
---@field updated_at string
---@field deleted_at string?
local Issue = {}

---Changes fields, and adds a comment in the same step. Stage, sprint, tags, assignees and custom fields are commands of their own, sent after it.
---
---```lua
---issue:update{ priority = "minor", comment = "Nobody has missed it for a week." }
---```
---@param changes IssueUpdate # What is to change.
---@return Issue
function Issue:update(changes) end

---Puts it in a stage or another place of its own; a name alone is a stage.
---
---```lua
---issue:move{ stage = "In Progress", top = true }
---```
---@param place IssueMove|string # Where to.
---@return Issue
function Issue:move(place) end

---Assigns people, besides those who are.
---
---```lua
---issue:assign(issue.reporter)
---```
---@param users User|string|(User|string)[] # Users, names or ids.
---@return Issue
function Issue:assign(users) end

---Takes people off; all of them when none is named.
---
---```lua
---issue:unassign()
---```
---@param users? User|string|(User|string)[] # Users, names or ids.
---@return Issue
function Issue:unassign(users) end

---Adds tags that the project has, by name.
---
---```lua
---issue:tag("checkout", "urgent")
---```
---@param ... Tag|string # Names or ids.
---@return Issue
function Issue:tag(...) end

---Takes tags off.
---
---```lua
---issue:untag("urgent")
---```
---@param ... Tag|string # Names or ids.
---@return Issue
function Issue:untag(...) end

---Whether it has a tag of this name.
---
---```lua
---if issue:has_tag("urgent") then log(issue.key) end
---```
---@param name string # In any capitals.
---@return boolean
function Issue:has_tag(name) end

---Comments on it, as the script; `@name` notifies.
---
---```lua
---issue:add_comment("Please add the steps that lead there.")
---```
---@param body string # Markdown.
---@return Comment
function Issue:add_comment(body) end

---Its comments, oldest first.
---
---```lua
---for comment in issue:comments() do log(comment.author.name, comment.body) end
---```
---@return List<Comment>
function Issue:comments() end

---Its relations, as seen from it.
---
---```lua
---for relation in issue:relations() do if relation.type == "blocks" then log(relation.target.key) end end
---```
---@return List<Relation>
function Issue:relations() end

---Relates it to another issue.
---
---```lua
---issue:relate("is_blocked_by", 7)
---```
---@param kind "blocks"|"is_blocked_by"|"duplicates"|"is_duplicated_by"|"relates_to"|"clones"|"is_cloned_by" # Of this issue, to the other.
---@param other Issue|integer # Issue or number.
---@return Relation
function Issue:relate(kind, other) end

---The issues that stand under it.
---
---```lua
---if #issue:children{ status = { "open", "in_progress" } } == 0 then issue:update{ status = "resolved" } end
---```
---@param filter? IssueFilter # Only these.
---@return List<Issue>
function Issue:children(filter) end

---Logs time worked on it, as the script.
---
---```lua
---issue:log_time(900, "Weekly check")
---```
---@param seconds integer # How long.
---@param text? string # At what.
---@return TimeEntry
function Issue:log_time(seconds, text) end

---The time logged on it, latest work first.
---
---```lua
---for entry in issue:time_entries() do log(entry.user.name, entry.seconds) end
---```
---@return List<TimeEntry>
function Issue:time_entries() end

---The value of a custom field, or nil.
---
---```lua
---log(issue:field("Customer"))
---```
---@param name string # Name or id of the field.
---@return string|number|nil
function Issue:field(name) end

---Sets a custom field; "none" empties it.
---
---```lua
---issue:set_field("Customer", "Shop")
---```
---@param name string # Name or id of the field.
---@param value string|number # Its new value.
---@return Issue
function Issue:set_field(name, value) end

---Who changed what of it, newest first.
---
---```lua
---log(issue:activity()[1].type)
---```
---@return List<Activity>
function Issue:activity() end

---Takes it off the board; it can be restored.
---
---```lua
---issue:delete()
---```
function Issue:delete() end

---Brings it back, at the bottom of its stage.
---
---```lua
---issue:restore()
---```
---@return Issue
function Issue:restore() end

---Reads it anew.
---
---```lua
---issue:refresh()
---```
---@return Issue
function Issue:refresh() end

---A sprint of a project.
---@class Sprint
---@field id string
---@field name string
---@field goal string
---@field state "planned"|"active"|"completed"
---@field starts_at string
---@field ends_at string
---@field started_at string?
---@field ended_at string? # When it was told that the end had passed; once, also if it is put off then.
---@field completed_at string?
local Sprint = {}

---Its issues that match. In a handler of `sprint.completed`, those too that were unfinished, as long as they are where its completion put them.
---
---```lua
---if ctx.sprint then log(#ctx.sprint:issues{ status = "open" }) end
---```
---@param filter? IssueFilter # Only these.
---@return List<Issue>
function Sprint:issues(filter) end

---Changes name, goal or dates.
---
---```lua
---ctx.sprint:update{ goal = "Pay with a saved card" }
---```
---@param changes SprintUpdate # What is to change.
---@return Sprint
function Sprint:update(changes) end

---Starts a planned sprint.
---
---```lua
---ctx.project:next_sprint():start()
---```
---@return Sprint
function Sprint:start() end

---Closes an active sprint.
---
---```lua
---ctx.sprint:complete{ unfinished = ctx.project:next_sprint() }
---```
---@param options? SprintCompletion # What becomes of unfinished issues.
---@return Sprint
function Sprint:complete(options) end

---Burndown, scope changes, velocity and cumulative flow.
---
---```lua
---log(ctx.sprint:report().completed.issues)
---```
---@return table
function Sprint:report() end

---A person, bot or script.
---@class User
---@field id string
---@field display_name string
---@field avatar_url string?
---@field kind "user"|"bot"|"script"
---@field name string # The same as `display_name`.
---@field role "viewer"|"reporter"|"developer"|"admin"|nil # Only of `project:members()`.
local User = {}

---A comment on an issue.
---@class Comment
---@field id string
---@field issue integer # The issue's number in its project.
---@field author User
---@field body string
---@field created_at string
---@field edited_at string?
local Comment = {}

---Changes a comment of the script itself.
---
---```lua
---local note = issue:add_comment("1 of 2 is done")
---note:edit("2 of 2 are done")
---```
---@param body string # The new text.
---@return Comment
function Comment:edit(body) end

---Deletes it: the script's own, or with the rights of a project admin anyone's.
---
---```lua
---issue:add_comment("Never mind"):delete()
---```
function Comment:delete() end

---How an issue is related to another one, `target`.
---@class Relation
---@field id string
---@field type "blocks"|"is_blocked_by"|"duplicates"|"is_duplicated_by"|"relates_to"|"clones"|"is_cloned_by" # Of the issue asked about, to `target`.
---@field target { number: integer, key: string, title: string, status: "open"|"in_progress"|"resolved"|"closed", deleted_at: string? }
local Relation = {}

---Takes the relation away.
---
---```lua
---for relation in issue:relations() do relation:remove() end
---```
function Relation:remove() end

---Time that someone worked on an issue.
---@class TimeEntry
---@field id string
---@field issue integer # The issue's number in its project.
---@field user User
---@field seconds integer
---@field description string
---@field logged_at string # When the work was done.
---@field created_at string # When it was written down.
local TimeEntry = {}

---Deletes it: the script's own, or with the rights of a project admin anyone's.
---
---```lua
---issue:log_time(60):delete()
---```
function TimeEntry:delete() end

---A tag of a project.
---@class Tag
---@field id string
---@field name string
---@field color string
local Tag = {}

---A column of the board.
---@class Stage
---@field id string
---@field name string
---@field status "open"|"in_progress"|"resolved"|"closed" # What an issue that stands here is.
---@field position integer # From 0, left to right.
---@field wip_limit integer? # Most issues that may stand here; null for no limit.
---@field wip_mode "warn"|"block" # block: a full stage refuses with `wip_exceeded`.
local Stage = {}

---A swim lane of the board.
---@class Lane
---@field id string
---@field name string
---@field color string?
---@field position integer # From 0, top to bottom.
local Lane = {}

---A custom field.
---@class Field
---@field id string
---@field name string
---@field kind "text"|"number"|"date"|"select"|"user"
---@field options string[]
local Field = {}

---Something that happened.
---@class Activity
---@field seq integer
---@field at string
---@field type string
---@field actor { id: string?, kind: "user"|"bot"|"script"|"system", display_name: string? }
---@field issue { number: integer, key: string, title: string? }?
---@field changes ({ field: string, from: any, to: any, from_name: string?, to_name: string? })[]
local Activity = {}

---The organization.
---@class Org
---@field id string
---@field slug string
---@field name string
local Org = {}

---Its projects, for scripts of a whole organization.
---
---```lua
---for project in ctx.org:projects() do log(project.name) end
---```
---@return List<Project>
function Org:projects() end

---@class IssueContext: Context
---@field issue Issue
---@field event Event

---@class CommentContext: Context
---@field issue Issue
---@field comment Comment # nil of comment.deleted.
---@field event Event

---@class SprintContext: Context
---@field sprint Sprint
---@field event Event

---Calls the function for each event of this type, of a subject as `issue.*`, or of all with `*`. Only at the top level of a script.
---
---```lua
---on_event("issue.created", function(ctx)
---  ctx.issue:add_comment("Thank you, we will look at it.")
---end)
---```
---@param name EventName # Which events.
---@param fn fun(ctx: Context) # The handler.
---@overload fun(name: IssueEventName, fn: fun(ctx: IssueContext))
---@overload fun(name: CommentEventName, fn: fun(ctx: CommentContext))
---@overload fun(name: SprintEventName, fn: fun(ctx: SprintContext))
function on_event(name, fn) end

---Calls the function by the clock: `minute hour day month weekday`, with seconds before that if you like.
---
---```lua
---on_schedule("0 9 * * 1-5", { time_zone = "Europe/Berlin" }, function(ctx)
---  log(ctx.tick)
---end)
---```
---@param cron string # As "0 9 * * 1": Mondays at nine.
---@param options? ScheduleOptions # In front of the function, or left out.
---@param fn fun(ctx: Context) # The handler; a time zone may follow it.
---@overload fun(cron: string, fn: fun(ctx: Context), time_zone?: string)
function on_schedule(cron, options, fn) end

---Notifies someone who may see the project. False when they do not want to hear of scripts.
---
---```lua
---notify(issue.reporter, issue.key .. " is done")
---```
---@param user User|string # User, display name or id.
---@param text string # 1 to 500 characters.
---@param about? Issue|Project # The issue at hand unless given.
---@return boolean
function notify(user, text, about) end

---Writes a line to the log of the run; tables are shown with what is in them. `print` does the same.
---
---```lua
---log("moved", issue, issue.tags)
---```
---@param ... any # Anything.
function log(...) end

---The time of the run, which stands still in it.
---
---```lua
---log(now(), now("unix"))
---```
---@param form? "unix" # For seconds since 1970.
---@return string
---@overload fun(form: "unix"): integer
function now(form) end

---How many seconds ago that was.
---
---```lua
---if age(issue.updated_at) > 7 * 86400 then log("stale") end
---```
---@param time string # ISO time.
---@return number
function age(time) end

---A time as seconds since 1970.
---
---```lua
---log(unix("2026-03-02T08:00:00Z"))
---```
---@param time string # ISO time.
---@return number
function unix(time) end

---Seconds since 1970 as an ISO time.
---
---```lua
---log(iso(now("unix") + 86400))
---```
---@param seconds number # Since 1970.
---@return string
function iso(seconds) end

---Values that were given to the script when it was saved.
---@type table<string, string|number|boolean>
params = {}

json = {}
---null in lists, and for fields that are to be emptied.
json.null = {}

---A value as JSON; objects as tables of their fields. An empty table is `{}`, unless from `json.array`.
---
---```lua
---log(json.encode{ number = issue.number, tags = issue.tags })
---```
---@param value any # Without functions and loops.
---@return string
function json.encode(value) end

---The value of JSON; null is nil in objects and `json.null` in lists.
---
---```lua
---local limits = json.decode('{"open": 5}')
---```
---@param text string # JSON.
---@return any
function json.decode(text) end

---Marks a table as a list, so that it is `[]` when it is empty.
---
---```lua
---log(json.encode(json.array()))
---```
---@param list? table # A new one unless given.
---@return table
function json.array(list) end
