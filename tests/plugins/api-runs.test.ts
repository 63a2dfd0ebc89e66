/** Lists beyond one page, and which handlers run with what. */
import { describe, expect, test } from "vitest";
import { ann, idOf, issueOf, NOW, type Office, openOffice, sprintOf } from "./office.ts";
import { byClock, forEvent, openApi } from "./run.ts";

const api = openApi();
const { inHandler } = api;
const many = (count: number): Office =>
  openOffice({
    issues: Array.from({ length: count }, (_, i) => issueOf(i + 1, { status: i % 2 ? "closed" : "open" })),
  });

describe("a list of issues", () => {
  test("reads pages as they are needed, however it is used", async () => {
    const office = many(250);
    const lines = await inHandler(
      `local list = ctx.project:issues()
      log(list[1].number, list[100].number)
      log(list[101].number, list[999], #list)
      local called, by_ipairs, by_pairs = 0, 0, 0
      for other in list do called = called + other.number end
      for place, other in ipairs(list) do by_ipairs = by_ipairs + other.number end
      for place, other in pairs(list) do by_pairs = by_pairs + other.number end
      log(called, by_ipairs, by_pairs, #list:all(), list:all()[250].number)`,
      office,
    );

    const sum = (250 * 251) / 2;
    expect(lines).toEqual(["250\t151", "150\tnil\t250", `${sum}\t${sum}\t${sum}\t250\t1`]);
    expect(office.inputsOf("issue.list").map(({ cursor, limit, sort }) => [cursor, limit, sort])).toEqual([
      [undefined, 100, "created"],
      ["151", 100, "created"],
      ["51", 100, "created"],
    ]);
  });

  test("has every issue once, though each is changed and leaves the filter on the way", async () => {
    const office = many(450);
    await inHandler(
      'for other in ctx.project:issues{ status = "open" } do other:update{ status = "resolved" } end',
      office,
    );

    expect(office.inputsOf("issue.update").map(({ issue }) => issue)).toEqual(
      Array.from({ length: 225 }, (_, i) => 449 - 2 * i),
    );
    expect(office.issues.filter(({ status }) => status === "open")).toEqual([]);
  });

  test("has an issue once that moved to a later page meanwhile", async () => {
    const office = openOffice();
    const pages = [
      [3, 2],
      [2, 1],
    ].map((numbers) => numbers.map((number) => ({ number, project: "acme/web" })));
    const call: Office["call"] = async (_, args) => {
      const { cursor } = args as { cursor?: string };
      return { ok: true, value: { items: pages[cursor ? 1 : 0], ...(!cursor && { next_cursor: "next" }) } };
    };
    const lines = await inHandler('log(ctx.project:issues{ sort = "priority" })', { ...office, call });
    expect(lines).toEqual(["[WEB-3, WEB-2, WEB-1]"]);
  });

  test("can be walked by two loops at once, and is empty when there is nothing", async () => {
    const lines = await inHandler(
      `local count, list = 0, ctx.project:issues()
      for one in list do for other in list do count = count + 1 end end
      log(count, #ctx.project:issues{ status = "in_progress" }, ctx.project:issues{ status = "in_progress" }[1])`,
      many(12),
    );
    expect(lines).toEqual(["144\t0\tnil"]);
  });

  test("ends at a limit", async () => {
    const office = many(250);
    expect(
      await inHandler("log(#ctx.project:issues{ limit = 120 }, #ctx.project:issues{ limit = 3 })", office),
    ).toEqual(["120\t3"]);
    expect(office.inputsOf("issue.list").map(({ limit }) => limit)).toEqual([100, 100, 3]);
  });

  test("is filtered by names, handles and ages", async () => {
    const office = openOffice();
    await inHandler(
      `#ctx.project:issues{
        status = { "open", "in_progress" }, assignee = { "Ann", "none" }, tag = "BUG", stage = "todo",
        sprint = { ctx.sprint, "none" }, lane = "Expedite", parent = issue, reporter = ctx.user,
        fields = { customer = "Shop" }, updated_before = "7d", q = "cart", sort = "updated",
      }`.replace(/^#(.*)$/s, "log(#$1)"),
      office,
    );
    expect(office.inputsOf("issue.list")).toEqual([
      {
        project: "acme/web",
        status: ["open", "in_progress"],
        assignee: [ann.id, "none"],
        tag: "bug",
        stageId: idOf(11),
        sprintId: [idOf(21), "none"],
        laneId: idOf(31),
        parent: 12,
        reporter: ann.id,
        field: { [idOf(41)]: "Shop" },
        updatedBefore: "2026-02-23T08:00:00.000Z",
        q: "cart",
        sort: "updated",
        limit: 100,
      },
    ]);
  });

  test("leaves the order to a query that names one", async () => {
    const office = openOffice();
    await inHandler('log(#ctx.project:issues{ q = "cart sort:priority" })', office);
    expect(office.inputsOf("issue.list")[0]).not.toHaveProperty("sort");
  });
});

describe("a run", () => {
  const source = `
    on_event("issue.moved", function(ctx) log("moved", ctx.event.type) end)
    on_event("issue.status_changed", function(ctx) log("status", ctx.event.old_status, ctx.event.new_status) end)
    on_event("issue.*", function(ctx) log("any", ctx.event.changes.status.from_name) end)
    on_event("*", function(ctx) log("all", ctx.event.number, ctx.event.data.number) end)
    on_event("comment.created", function(ctx) log("comment") end)
    on_schedule("0 9 * * 1", function() log("clock") end)`;

  test("calls the handlers of the event, under all of its names, once each", async () => {
    const changes = { status: { from: "open", to: "closed", from_name: "Todo" } };
    const event = { type: "issue.moved", also: ["issue.status_changed"], issue: 12, data: { number: 12 }, changes };
    const { output, value } = await api.run(source, forEvent(event));

    expect(output.split("\n")).toEqual(["moved\tissue.moved", "status\topen\tclosed", "any\tTodo", "all\t12\t12"]);
    expect(value).toEqual({ handlers: 4 });
  });

  test("by the clock calls that schedule only", async () => {
    expect((await api.run(source, byClock())).output).toBe("clock");
    const gone = await api.run("log(1)", byClock());
    expect(gone.error?.message).toBe("invalid: the script has no schedule 1 any more");
  });

  test("for a comment has it with its issue", async () => {
    const comment = { id: idOf(700), issue: 12, author: { id: ann.id, display_name: "Ann", kind: "user" }, body: "Hi" };
    const office = openOffice();
    const { output } = await api.run(
      `on_event("comment.*", function(ctx)
        log(ctx.comment.body, ctx.comment.author == ctx.user, ctx.event.comment == ctx.comment, ctx.issue)
        ctx.comment:delete()
      end)`,
      forEvent({ type: "comment.created", data: { comment }, issue: 12 }),
      office,
    );
    expect(output).toBe("Hi\ttrue\ttrue\tWEB-12");
    expect(office.inputsOf("comment.delete")).toMatchObject([{ commentId: idOf(700) }]);
  });

  test("for a sprint has that sprint, else the active one or none", async () => {
    const sprints = [sprintOf(21, "Now", "active", NOW), sprintOf(22, "Next", "planned", NOW)];
    const script = 'on_event("*", function(ctx) log(ctx.sprint, ctx.event.sprint == ctx.sprint) end)';
    const about = forEvent({ type: "sprint.updated", data: { sprint: { id: idOf(22) } }, sprintId: idOf(22) });

    expect((await api.run(script, about, openOffice({ sprints }))).output).toBe("Next\ttrue");
    const other = forEvent({ type: "issue.created", issue: 12 });
    expect((await api.run(script, other, openOffice({ sprints }))).output).toBe("Now\tfalse");
    expect((await api.run(script, other, openOffice({ sprints: [] }))).output).toBe("nil\ttrue");
  });

  test("tells what sets a script off, with params", async () => {
    const { value } = await api.run(
      `on_event("issue.created", print) on_event("issue.*", print) on_event("issue.created", print)
      on_schedule(params.days .. " 9 * * 1", print)
      on_schedule("0 8 * * *", { time_zone = "Europe/Berlin" }, print) on_schedule("0 7 * * *", print, "Asia/Tokyo")`,
      { mode: "declare", context: { params: { days: 7 } } },
    );
    expect(value).toEqual({
      events: ["issue.created", "issue.*"],
      schedules: [
        { cron: "7 9 * * 1", time_zone: "UTC" },
        { cron: "0 8 * * *", time_zone: "Europe/Berlin" },
        { cron: "0 7 * * *", time_zone: "Asia/Tokyo" },
      ],
    });
    expect((await api.run("local x = 1", { mode: "declare" })).value).toEqual({ events: [], schedules: [] });
  });

  test.each([
    ["on_event('issue.created')", "invalid: on_event needs a function"],
    ["on_event(5, print)", 'invalid: on_event needs the name of an event, as "issue.created"'],
    ["on_schedule(nil, print)", 'invalid: on_schedule needs a text as "0 9 * * 1"'],
    ["on_schedule('* * * * *', { zone = 'UTC' }, print)", 'invalid: no field "zone": there is time_zone'],
    ["log(now())", "invalid: only inside a handler"],
    ["notify('Ann', 'x')", "invalid: only inside a handler"],
  ])("refuses %s at the top level, with the line", async (line, message) => {
    const { error } = await api.run(`\n${line}`, { mode: "declare" });
    expect(error).toEqual({ message, line: 2 });
  });

  test("cannot take on further events in a handler", async () => {
    const { error } = await api.run(
      "on_event('*', function() on_event('*', print) end)",
      forEvent({ type: "issue.created" }),
    );
    expect(error?.message).toBe("invalid: on_event stands at the top level of a script, not in a handler");
  });
});

test("an answer that is not known, as in a replay, is lived with", async () => {
  const office = openOffice();
  const run = await api.run(
    `on_event("*", function(ctx)
      local made = ctx.project:create_issue{ title = "x" }
      log(made, made.title, made:update{ title = "y" } == made, made:add_comment("z").body, notify("Ann", "x"))
      ctx.issue:update{ title = "z" }
      log(ctx.issue.number, ctx.issue)
    end)`,
    forEvent({ type: "issue.created", issue: 12 }),
    {
      ...office,
      call: (op, args) =>
        op.endsWith(".listMembers") ? office.call(op, args) : Promise.resolve({ ok: true, value: {} }),
    },
  );
  expect(run.output).toBe("issue ?\tnil\ttrue\tnil\tnil\n12\tWEB-12");
});

describe("a completed sprint", () => {
  const completedAt = "2026-03-01T17:00:00.000Z";
  const sprint = { ...sprintOf(21, "Sprint 7", "completed", NOW), completedAt };
  const next = sprintOf(22, "Sprint 8", "planned", NOW);
  const left = (number: number, at = completedAt, from: string = sprint.id) => ({
    seq: number,
    at,
    type: "issue.sprint_changed",
    actor: { id: ann.id, kind: "user", displayName: "Ann" },
    issue: { number, key: `WEB-${number}`, title: "x" },
    changes: [{ field: "sprintId", from, to: null }],
  });
  const event = forEvent({
    type: "sprint.completed",
    data: { sprint: { id: sprint.id, completed_at: completedAt } },
    sprintId: sprint.id,
  });
  const office = () =>
    openOffice({
      sprints: [sprint, next],
      // 1 was done in it; 2 and 3 were not; 4 never was in it; 5 has found another place since.
      issues: [
        issueOf(1, { sprintId: sprint.id, status: "resolved" }),
        issueOf(2),
        issueOf(3, { status: "in_progress" }),
        issueOf(4),
        issueOf(5, { sprintId: next.id }),
      ],
      activities: [
        left(4, "2026-03-01T18:00:00.000Z", next.id),
        left(2),
        left(3),
        left(5),
        left(4, completedAt, next.id),
        ...Array.from({ length: 200 }, () => left(4, "2026-02-01T00:00:00.000Z")),
      ],
    });

  test("still has its unfinished issues in its handler, wherever completion put them", async () => {
    const source = `on_event("sprint.completed", function(ctx)
      local function numbers(list) local all = {} for issue in list do all[#all + 1] = issue.number end return all end
      log(numbers(ctx.sprint:issues()))
      log(numbers(ctx.project:issues{ sprint = ctx.sprint.id, status = "open" }))
      log(numbers(ctx.project:issues{ sprint = "Sprint 8" }))
    end)`;
    const world = office();
    const { output } = await api.run(source, event, world);
    expect(output.split("\n")).toEqual(["[1, 3, 2]", "[2]", "[5]"]);
    // Once a list: what is older than the completion is not read.
    expect(world.inputsOf("activity.list")).toHaveLength(2);
  });

  test("gives them to the next one, each once", async () => {
    const world = office();
    const source = `on_event("sprint.completed", function(ctx)
      local upcoming = ctx.project:sprints({ state = "planned" })[1]
      for _, issue in ipairs(ctx.sprint:issues({ status = { "open", "in_progress" } })) do
        issue:update({ sprint = upcoming, comment = "Carried over." })
      end
    end)`;
    await api.run(source, event, world);
    expect(world.inputsOf("issue.setSprint").map(({ issue, sprintId }) => [issue, sprintId])).toEqual([
      [3, next.id],
      [2, next.id],
    ]);
  });
});
