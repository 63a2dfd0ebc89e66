/** What scripts see, on the real sandbox: objects, names, changes and errors. */
import { describe, expect, test } from "vitest";
import { ann, bob, idOf, issueOf, NOW, openOffice, sprintOf, stages } from "./office.ts";
import { byClock, forEvent, openApi } from "./run.ts";

const api = openApi();
const { inHandler } = api;
const [todo, doing] = stages;

describe("an issue", () => {
  test("knows its number at once, and reads the rest once, when it is asked for", async () => {
    const office = openOffice();

    expect(await inHandler("log(issue.number, issue)", office)).toEqual(["12\tWEB-12"]);
    expect(office.sent).toEqual([]);
    const lines = await inHandler("log(issue.title, issue.description, issue.parent, issue.reporter.name)", office);
    expect(lines).toEqual(["Issue 12\tAbout 12\tnil\tAnn"]);
    expect(office.sent.map(({ op }) => op)).toEqual(["issue.get"]);
  });

  test("is what its last change made of it, without another read", async () => {
    const office = openOffice();
    const lines = await inHandler(
      'local same = issue:update{ priority = "minor", comment = "Old." } log(issue.priority, same == issue)',
      office,
    );

    expect(lines).toEqual(["minor\ttrue"]);
    expect(office.sent).toEqual([
      {
        op: "issue.update",
        input: { project: "acme/web", issue: 12, patch: { priority: "minor" }, comment: "Old." },
      },
    ]);
  });

  test("of a list has all but its description, which is read", async () => {
    const office = openOffice();
    const lines = await inHandler(
      "for other in ctx.project:issues() do log(other.title, other.estimate, other.parent) log(other.description) end",
      office,
    );

    expect(lines).toEqual(["Issue 12\tnil\tnil", "About 12"]);
    expect(office.sent.map(({ op }) => op)).toEqual(["issue.list", "issue.get"]);
  });

  test("is one and the same however it is reached", async () => {
    const office = openOffice({ issues: [issueOf(12, { assignees: [ann] })] });
    const lines = await inHandler(
      `local listed = ctx.project:issues()[1]
      issue:update{ title = "New" }
      log(listed == issue, ctx.project:issue(12) == issue, listed.title, listed.assignees[1] == ctx.user)`,
      office,
    );
    expect(lines).toEqual(["true\ttrue\tNew\ttrue"]);
  });

  test("is read anew after a comment", async () => {
    const office = openOffice();
    const lines = await inHandler(
      'log(issue.comment_count) local made = issue:add_comment("Hm") log(issue.comment_count, made.body, made.author.kind)',
      office,
    );
    expect(lines).toEqual(["0", "1\tHm\tscript"]);
  });

  test("cannot be changed by setting a field", async () => {
    const lines = await inHandler(`
      local ok, problem = pcall(function() issue.title = "x" end) log(ok, problem)
      ok, problem = pcall(function() issue.tags[1] = "x" end) log(ok, problem)
      ok, problem = pcall(function() ctx.issue = nil end) log(ok, problem)
      ok, problem = pcall(function() return issue.titel end) log(ok, problem)`);

    expect(lines).toEqual([
      "false\tinvalid: issue.title is read-only: use issue:update{ ... }",
      "false\tinvalid: a list is read-only: list:all() gives a table",
      "false\tinvalid: context.issue is read-only: use a local variable",
      'false\tinvalid: issue has no field or method "titel"',
    ]);
  });

  test("keeps what it stands on to itself", async () => {
    const lines = await inHandler(`
      log(getmetatable(issue), getmetatable(issue.tags), getmetatable(ctx), next(issue), rawget(issue, "number"))
      log(pcall(setmetatable, issue, {}))
      rawset(issue, "number", 99)
      issue:update{ title = "x" }
      log(pcall(issue.update, {}, { title = "x" }))`);

    expect(lines[0]).toBe("issue\tlist\tcontext\tnil\tnil");
    expect(lines[1]).toMatch(/^false\t.*protected/);
    expect(lines[2]).toBe("false\tinvalid: call it with a colon: issue:update(...)");
  });
});

describe("update", () => {
  test("sends a command for the fields, and one each for stage, sprint, tags, people and custom fields", async () => {
    const office = openOffice();
    await inHandler(
      `issue:update{
        title = "New", parent = "none", estimate = "none", lane = "expedite", stage = "in progress", sprint = "active",
        tags = { "bug", "Urgent" }, assignees = { "Bob Miller", ctx.user }, fields = { Customer = "Shop" }, expect = 1,
      }`,
      office,
    );

    const changes = office.sent.filter(({ op }) => !op.endsWith(".list") && !op.endsWith("Members"));
    expect(changes.map(({ op, input: { project: _, issue: __, ...input } }) => [op, input])).toEqual([
      ["issue.update", { patch: { title: "New", parent: null, estimate: null, laneId: idOf(31) }, expect: 1 }],
      ["issue.move", { stageId: doing.id }],
      ["issue.setSprint", { sprintId: idOf(21) }],
      ["issue.setTags", { tagIds: [idOf(51), idOf(52)] }],
      ["issue.setAssignees", { userIds: [bob.id, ann.id] }],
      ["issue.setField", { fieldId: idOf(41), value: "Shop" }],
    ]);
  });

  test("takes the names that the wire has, and empty lists", async () => {
    const office = openOffice();
    await inHandler("issue:update{ sprint_id = ctx.sprint.id, tag_ids = {}, assignees = {} }", office);

    expect(office.inputsOf("issue.setSprint")).toMatchObject([{ sprintId: idOf(21) }]);
    expect(office.inputsOf("issue.setTags")).toMatchObject([{ tagIds: [] }]);
    expect(office.inputsOf("issue.setAssignees")).toMatchObject([{ userIds: [] }]);
    expect(office.inputsOf("issue.update")).toEqual([]);
  });

  test("with a comment alone comments", async () => {
    const office = openOffice();
    await inHandler('issue:update{ stage = "Done", comment = "Shipped" } log(issue.status)', office);

    expect(office.sent.map(({ op }) => op)).toEqual(["stage.list", "comment.add", "issue.move"]);
  });

  test("changes nothing when one name is wrong", async () => {
    const office = openOffice();
    const lines = await inHandler('log(pcall(issue.update, issue, { title = "x", tags = { "bgu" } }))', office);

    expect(lines).toEqual(['false\tnot_found: no tag "bgu": there is "bug", "urgent", "ops", "checkout"']);
    expect(office.sent.map(({ op }) => op)).toEqual(["tag.list"]);
  });

  test("refuses fields that there are not, with those that there are", async () => {
    const [line] = await inHandler('log(pcall(issue.update, issue, { prio = "minor" }))');
    expect(line).toMatch(/^false\tinvalid: no field "prio": there is assignees, comment, description/);
  });
});

describe("people, tags and places", () => {
  test("assign adds and unassign takes off, and neither sends what is so already", async () => {
    const office = openOffice({ issues: [issueOf(12, { assignees: [ann] })] });
    await inHandler(
      'issue:assign("bob miller") issue:assign{ "Ann" } issue:unassign(ctx.user) issue:unassign(ctx.user) issue:unassign()',
      office,
    );
    expect(office.inputsOf("issue.setAssignees").map(({ userIds }) => userIds)).toEqual([
      [ann.id, bob.id],
      [bob.id],
      [],
    ]);
  });

  test("tags are added and taken off in one step each", async () => {
    const office = openOffice();
    const lines = await inHandler(
      `issue:tag("bug", { "ops" }) issue:untag(issue.tags[1]) log(issue.tags, issue:has_tag("OPS"), issue:has_tag("bug"))`,
      office,
    );
    expect(lines).toEqual(["[ops]\ttrue\tfalse"]);
    expect(office.inputsOf("issue.bulk").map(({ issues, patch }) => [issues, patch])).toEqual([
      [[12], { addTagIds: [idOf(51), idOf(53)] }],
      [[12], { removeTagIds: [idOf(51)] }],
    ]);
  });

  test("names are looked up once, and new tags are found", async () => {
    const office = openOffice();
    await inHandler('issue:tag("bug") issue:tag("ops") ctx.project:create_tag("new") issue:tag("new", "bug")', office);

    expect(office.inputsOf("tag.list")).toHaveLength(2);
    expect(office.inputsOf("issue.bulk")[2]).toMatchObject({ patch: { addTagIds: [idOf(55), idOf(51)] } });
  });

  test("a move takes a name, another issue, or the top", async () => {
    const office = openOffice({ issues: [issueOf(12), issueOf(7)] });
    await inHandler(
      'issue:move("Done") issue:move{ stage = "Todo", top = true } issue:move{ after = ctx.project:issue(7) }',
      office,
    );

    expect(office.inputsOf("issue.move").map(({ stageId, after }) => [stageId, after])).toEqual([
      [idOf(13), undefined],
      [todo.id, null],
      [undefined, 7],
    ]);
  });

  test("a handle of another kind, or a wrong type, is refused before anything is sent", async () => {
    const office = openOffice();
    const lines = await inHandler(
      `log(pcall(issue.assign, issue, issue)) log(pcall(issue.move, issue, { stage = 5 })) log(pcall(issue.relate, issue, "blocks"))
      log(pcall(issue.add_comment, issue, ctx.user))`,
      office,
    );
    expect(lines).toEqual([
      "false\tinvalid: a user is a handle, a name or an id, not a table",
      "false\tinvalid: a stage is a handle, a name or an id, not a number",
      "false\tinvalid: other is missing",
      "false\tinvalid: body takes no handle",
    ]);
    expect(office.sent).toEqual([]);
  });
});

describe("the project", () => {
  test("makes issues with names in the place of ids", async () => {
    const office = openOffice();
    const lines = await inHandler(
      `local made = ctx.project:create_issue{
        title = "New", stage = "Todo", tags = { "bug" }, assignees = { ctx.user }, sprint = "Sprint 7", parent = issue,
        lane = "none", fields = { Customer = "Shop" },
      }
      log(made.key, made.tags[1].name)`,
      office,
    );

    expect(lines).toEqual(["WEB-101\tbug"]);
    expect(office.inputsOf("issue.create")).toEqual([
      {
        project: "acme/web",
        title: "New",
        stageId: todo.id,
        tagIds: [idOf(51)],
        assigneeIds: [ann.id],
        sprintId: idOf(21),
        parent: 12,
      },
    ]);
    expect(office.inputsOf("issue.setField")).toMatchObject([{ issue: 101, value: "Shop" }]);
  });

  test("has its sprints in the order of their start", async () => {
    const office = openOffice({
      sprints: [
        sprintOf(23, "Later", "planned", "2026-05-01T00:00:00.000Z"),
        sprintOf(22, "Next", "planned", "2026-04-01T00:00:00.000Z"),
        sprintOf(21, "Now", "active", NOW),
      ],
    });
    const lines = await inHandler(
      `local project = ctx.project
      log(project:sprints(), project:sprints{ status = "planned" }[1], project:next_sprint(), project:active_sprint())
      log(project:sprint("later").starts_at, ctx.sprint)`,
      office,
    );
    expect(lines).toEqual(["[Now, Next, Later]\tNext\tNext\tNow", "2026-05-01T00:00:00.000Z\tNow"]);
    expect(office.inputsOf("sprint.list")).toHaveLength(1);
  });

  test("of others in the organization is named in what is sent", async () => {
    const office = openOffice();
    const source = `on_schedule("0 9 * * *", function(ctx)
      for project in ctx.org:projects() do project:issue(12):add_comment("Hello from " .. project.name) end
      log(ctx.project, ctx.event, ctx.user, ctx.sprint)
    end)`;
    const { output } = await api.run(source, byClock({}), office);

    expect(office.inputsOf("project.list")).toMatchObject([{ org: "acme" }]);
    expect(office.inputsOf("comment.add")).toMatchObject([{ project: "acme/app", issue: 12, body: "Hello from App" }]);
    expect(output).toBe("nil\tnil\tnil\tnil");
  });
});

describe("notify", () => {
  test("is about the issue at hand, or another one", async () => {
    const office = openOffice();
    const lines = await inHandler('log(notify("Ann", "Look")) notify(ctx.user, "There", ctx.project:issue(7))', office);

    expect(lines).toEqual(["true"]);
    expect(office.inputsOf("notification.send")).toEqual([
      { project: "acme/web", userId: ann.id, text: "Look", issue: 12 },
      { project: "acme/web", userId: ann.id, text: "There", issue: 7 },
    ]);
  });
});

describe("errors", () => {
  test("of commands have code, message and details, and read well", async () => {
    const lines = await inHandler(`
      local ok, problem = pcall(issue.update, issue, { title = "x", expect = 8 })
      log(ok, problem.code, problem.message, tostring(problem))
      ok, problem = pcall(function() return ctx.project:issue(99).title end)
      log(problem.code)`);
    expect(lines).toEqual(["false\tconflict\tIt changed\tconflict: It changed", "not_found"]);
  });

  test.each(["", "return "])("that nobody catches have the line of the script: %sproject:issue(...)", async (word) => {
    const source = `on_event("*", function(ctx)\n  local project = ctx.project\n  ${word}project:issue(99):add_comment("x")\nend)`;
    const { status, error } = await api.run(source, forEvent({ type: "issue.created", issue: 12 }));
    expect([status, error]).toEqual(["error", { message: "not_found: Issue not found", line: 3 }]);
  });

  test("come through coroutines, in which everything works", async () => {
    const lines = await inHandler(`
      local step = coroutine.wrap(function()
        coroutine.yield(issue.title)
        coroutine.yield(ctx.project:stage("Done").name)
        error(select(2, pcall(issue.move, issue, "Nowhere")), 0)
      end)
      log(step(), step()) log(pcall(step))`);
    expect(lines).toEqual([
      "Issue 12\tDone",
      'false\tnot_found: no stage "Nowhere": there is "Todo", "In Progress", "Done"',
    ]);
  });
});

test("times are computed without a clock", async () => {
  const lines = await inHandler(`
    log(now(), now("unix"), iso(now("unix")), age("2026-03-01T08:00:00Z"), age(issue.updated_at))
    log(iso(0), iso(951782400), iso(-1), unix("2024-02-29T23:59:59.5+01:30"), unix("1999-12-31"))
    for _, bad in ipairs{ "soon", "2026-03-01T8", "" } do log(pcall(unix, bad)) end`);

  const day = (text: string) => Date.parse(text) / 1000;
  expect(lines[0]?.split("\t")).toEqual([NOW, String(day(NOW)), NOW, "86400", "0"]);
  expect(lines[1]?.split("\t")).toEqual([
    "1970-01-01T00:00:00.000Z",
    "2000-02-29T00:00:00.000Z",
    "1969-12-31T23:59:59.000Z",
    String(day("2024-02-29T23:59:59.5+01:30")),
    String(day("1999-12-31")),
  ]);
  expect(lines.slice(2)).toHaveLength(3);
  for (const line of lines.slice(2)) expect(line).toMatch(/^false\tinvalid: ".*" is no time/);
});

test("times agree with those of JavaScript over centuries", async () => {
  const seconds = Array.from({ length: 400 }, (_, i) => Math.round(-2e9 + i * 8_765_432.1 * 3));
  const lines = await inHandler(`for _, at in ipairs{ ${seconds.join()} } do log(iso(at), unix(iso(at)) == at) end`);
  expect(lines).toEqual(seconds.map((at) => `${new Date(at * 1000).toISOString()}\ttrue`));
});

test("random numbers are those of the seed, and params are known at the top level", async () => {
  const source = `local first, days = math.random(1e9), params.days
    on_event("*", function(ctx) math.randomseed() log(first, math.random(1e9), days, ctx.params.days) end)`;
  const input = forEvent({ type: "issue.created", issue: 12 });
  const once = await api.run(source, input);
  const again = await api.run(source, input);
  const other = await api.run(source, { ...input, context: { ...input.context, seed: 7 } });

  expect(once.output).toMatch(/^\d+\t\d+\t7\t7$/);
  expect(again.output).toBe(once.output);
  expect(other.output).not.toBe(once.output);
});

test("objects are shown in the log and as JSON by their fields", async () => {
  const lines = await inHandler(`
    log(ctx, ctx.user, ctx.sprint, { 1, "a", { x = true } }, issue:comments(), nil)
    log(json.encode{ tags = issue.tags, user = ctx.user, none = json.null })
    log(json.decode(json.encode(issue)).title, json.encode(ctx.project:stages():all()):sub(1, 30))`);
  expect(lines).toEqual([
    'context\tAnn\tSprint 7\t[1, "a", { x = true }]\t[]\tnil',
    `{"none":null,"tags":[],"user":{"display_name":"Ann","id":"${ann.id}","kind":"user"}}`,
    `Issue 12\t[{"id":"${todo.id.slice(0, 22)}`,
  ]);
});
