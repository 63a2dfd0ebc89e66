/** Who may send what, for all commands and all roles: what the catalogue says is what the server does. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Access, commands, orgRoles, type ProjectRole, projectRoles } from "../../protocol/index.ts";
import { connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { type InnerCommand, innerCommands, inputFor } from "./fixtures.ts";
import { type Cast, openCast, type Role, roles, type Scene, senderOf, setScene, standingOf } from "./scene.ts";

let app: Running;
let cast: Cast;
beforeAll(async () => {
  app = await startApp();
  cast = await openCast(app);
});
afterAll(async () => {
  cast.close();
  await app.close();
});

type Answer = "ok" | "forbidden" | "not_found";

/** Where a rule of the service refuses more than the access of the command says. */
const exceptions: { [N in InnerCommand]?: { [R in Role]?: Answer } } = {
  // Only org members made viewer by hand: they would be reporters afterwards.
  "project.leave": { viewer: "forbidden" },
  // Of what is not theirs to see, outsiders hear no more than the command itself would say.
  "access.explain": { outsider: "not_found" },
};

const inProject = (role: Role): ProjectRole | undefined => {
  const { org, project } = standingOf(role);
  if (org === "owner" || org === "admin") return "admin";
  return project ?? (org === "member" ? "reporter" : undefined);
};

const judge = (ladder: readonly string[], role: string | undefined, needed: string): Answer => {
  if (role === undefined) return "not_found";
  return ladder.indexOf(role) >= ladder.indexOf(needed) ? "ok" : "forbidden";
};

function expectedAnswer(access: Access, role: Role): Answer {
  const [kind, needed = ""] = access.split(":");
  if (kind === "org") return judge(orgRoles, standingOf(role).org, needed);
  // The fixtures' stream is that of the project, which a viewer may hear.
  if (kind === "stream") return judge(projectRoles, inProject(role), "viewer");
  // Those of the fixtures are in the project.
  if (kind === "script") return judge(projectRoles, inProject(role), "admin");
  return kind === "project" ? judge(projectRoles, inProject(role), needed) : "ok";
}

const expectedRow = (command: InnerCommand): Record<Role, Answer> => {
  const row = roles.map((role) => [role, expectedAnswer(commands[command].access, role)]);
  return { ...Object.fromEntries(row), ...exceptions[command] };
};

async function answerTo(command: InnerCommand, at: Scene, role: Role): Promise<string> {
  const actor = at.as[role];
  const ack = await senderOf(at, command, actor).send(command, await inputFor(command, at, actor));
  return ack.ok ? "ok" : ack.error.code;
}

test("every command for signed-in people has a fixture", () => {
  const inner = Object.entries(commands).filter(([, { access }]) => access !== "public");
  expect([...innerCommands].sort()).toEqual(inner.map(([name]) => name).sort());
});

test.each(innerCommands)("%s answers each role by its rule", async (command) => {
  const expected = expectedRow(command);
  const at = await setScene(cast);
  const measured: Record<string, string> = {};

  for (const role of roles) {
    // What a mutation does must not spoil it for the next role.
    const spoils = expected[role] === "ok" && commands[command].kind === "mutation";
    measured[role] = await answerTo(command, spoils ? await setScene(cast) : at, role);
  }

  expect(measured).toEqual(expected);
  expect(app.complaints).toEqual([]);
});

test("the rules, as a table", () => {
  const marks = { ok: "x", forbidden: "-", not_found: "." };
  const lines = innerCommands.map((command) => {
    const row = expectedRow(command);
    return `${command.padEnd(20)} ${commands[command].access.padEnd(18)} ${roles.map((role) => marks[row[role]]).join(" ")}`;
  });
  const legend = `x may, - forbidden, . not found: ${roles.join(", ")}`;
  expect(`\n${[legend, ...lines].join("\n")}\n`).toMatchInlineSnapshot(`
    "
    x may, - forbidden, . not found: outsider, guest viewer, guest reporter, guest developer, guest admin, viewer, member, reporter, developer, project admin, org admin, owner
    auth.session         any                x x x x x x x x x x x x
    session.whoami       any                x x x x x x x x x x x x
    session.renew        any                x x x x x x x x x x x x
    session.list         any                x x x x x x x x x x x x
    session.revoke       any                x x x x x x x x x x x x
    session.revokeAll    any                x x x x x x x x x x x x
    profile.update       any                x x x x x x x x x x x x
    profile.setPassword  any                x x x x x x x x x x x x
    project.subscribe    project:viewer     . x x x x x x x x x x x
    project.unsubscribe  project:viewer     . x x x x x x x x x x x
    org.subscribe        org:member         . . . . . x x x x x x x
    org.unsubscribe      org:member         . . . . . x x x x x x x
    user.subscribe       any                x x x x x x x x x x x x
    user.unsubscribe     any                x x x x x x x x x x x x
    sync.pull            stream             . x x x x x x x x x x x
    org.create           any                x x x x x x x x x x x x
    org.list             any                x x x x x x x x x x x x
    org.get              org:member         . . . . . x x x x x x x
    org.update           org:admin          . . . . . - - - - - x x
    org.delete           org:owner          . . . . . - - - - - - x
    org.transfer         org:owner          . . . . . - - - - - - x
    member.list          org:member         . . . . . x x x x x x x
    member.add           org:admin          . . . . . - - - - - x x
    member.setRole       org:admin          . . . . . - - - - - x x
    member.remove        org:member         . . . . . x x x x x x x
    project.create       org:admin          . . . . . - - - - - x x
    project.list         org:member         . . . . . x x x x x x x
    project.get          project:viewer     . x x x x x x x x x x x
    project.update       project:admin      . - - - x - - - - x x x
    project.delete       project:admin      . - - - x - - - - x x x
    project.archive      project:admin      . - - - x - - - - x x x
    project.unarchive    project:admin      . - - - x - - - - x x x
    project.join         project:viewer     . x x x x x x x x x x x
    project.leave        project:viewer     . x x x x - x x x x x x
    project.listMembers  project:viewer     . x x x x x x x x x x x
    project.addMember    project:admin      . - - - x - - - - x x x
    project.setRole      project:admin      . - - - x - - - - x x x
    project.removeMember project:admin      . - - - x - - - - x x x
    stage.list           project:viewer     . x x x x x x x x x x x
    stage.create         project:admin      . - - - x - - - - x x x
    stage.update         project:admin      . - - - x - - - - x x x
    stage.reorder        project:admin      . - - - x - - - - x x x
    stage.delete         project:admin      . - - - x - - - - x x x
    issue.create         project:reporter   . - x x x - x x x x x x
    issue.get            project:viewer     . x x x x x x x x x x x
    issue.list           project:viewer     . x x x x x x x x x x x
    issue.update         project:reporter   . - x x x - x x x x x x
    issue.move           project:developer  . - - x x - - - x x x x
    issue.delete         project:admin      . - - - x - - - - x x x
    issue.restore        project:admin      . - - - x - - - - x x x
    issue.purge          project:admin      . - - - x - - - - x x x
    issue.setAssignees   project:developer  . - - x x - - - x x x x
    issue.setTags        project:developer  . - - x x - - - x x x x
    issue.setSprint      project:developer  . - - x x - - - x x x x
    issue.bulk           project:developer  . - - x x - - - x x x x
    issue.watch          project:viewer     . x x x x x x x x x x x
    issue.unwatch        project:viewer     . x x x x x x x x x x x
    issue.search         org:member         . . . . . x x x x x x x
    issue.context        project:viewer     . x x x x x x x x x x x
    issue.setField       project:developer  . - - x x - - - x x x x
    tag.list             project:viewer     . x x x x x x x x x x x
    tag.create           project:developer  . - - x x - - - x x x x
    tag.update           project:developer  . - - x x - - - x x x x
    tag.delete           project:admin      . - - - x - - - - x x x
    lane.list            project:viewer     . x x x x x x x x x x x
    lane.create          project:admin      . - - - x - - - - x x x
    lane.update          project:admin      . - - - x - - - - x x x
    lane.reorder         project:admin      . - - - x - - - - x x x
    lane.delete          project:admin      . - - - x - - - - x x x
    field.list           project:viewer     . x x x x x x x x x x x
    field.create         project:admin      . - - - x - - - - x x x
    field.update         project:admin      . - - - x - - - - x x x
    field.delete         project:admin      . - - - x - - - - x x x
    workflow.get         project:viewer     . x x x x x x x x x x x
    workflow.set         project:admin      . - - - x - - - - x x x
    comment.list         project:viewer     . x x x x x x x x x x x
    comment.add          project:reporter   . - x x x - x x x x x x
    comment.edit         project:reporter   . - x x x - x x x x x x
    comment.delete       project:reporter   . - x x x - x x x x x x
    relation.list        project:viewer     . x x x x x x x x x x x
    relation.add         project:developer  . - - x x - - - x x x x
    relation.remove      project:developer  . - - x x - - - x x x x
    time.list            project:viewer     . x x x x x x x x x x x
    time.log             project:developer  . - - x x - - - x x x x
    time.delete          project:developer  . - - x x - - - x x x x
    time.report          project:viewer     . x x x x x x x x x x x
    sprint.create        project:developer  . - - x x - - - x x x x
    sprint.list          project:viewer     . x x x x x x x x x x x
    sprint.get           project:viewer     . x x x x x x x x x x x
    sprint.update        project:developer  . - - x x - - - x x x x
    sprint.delete        project:admin      . - - - x - - - - x x x
    sprint.start         project:admin      . - - - x - - - - x x x
    sprint.complete      project:admin      . - - - x - - - - x x x
    sprint.report        project:viewer     . x x x x x x x x x x x
    sprint.board         project:viewer     . x x x x x x x x x x x
    backlog.list         project:viewer     . x x x x x x x x x x x
    notification.list    any                x x x x x x x x x x x x
    notification.markRead any                x x x x x x x x x x x x
    notification.setPrefs any                x x x x x x x x x x x x
    notification.send    project:reporter   . - x x x - x x x x x x
    draft.list           any                x x x x x x x x x x x x
    draft.get            any                x x x x x x x x x x x x
    draft.save           any                x x x x x x x x x x x x
    draft.delete         any                x x x x x x x x x x x x
    gallery.list         any                x x x x x x x x x x x x
    gallery.get          any                x x x x x x x x x x x x
    gallery.publish      any                x x x x x x x x x x x x
    gallery.install      project:admin      . - - - x - - - - x x x
    template.list        any                x x x x x x x x x x x x
    presence.set         project:viewer     . x x x x x x x x x x x
    bot.create           org:admin          . . . . . - - - - - x x
    bot.list             org:admin          . . . . . - - - - - x x
    bot.update           org:admin          . . . . . - - - - - x x
    bot.suspend          org:admin          . . . . . - - - - - x x
    bot.delete           org:admin          . . . . . - - - - - x x
    key.create           any                x x x x x x x x x x x x
    key.list             any                x x x x x x x x x x x x
    key.rename           any                x x x x x x x x x x x x
    key.rotate           any                x x x x x x x x x x x x
    key.revoke           any                x x x x x x x x x x x x
    cursor.get           stream             . x x x x x x x x x x x
    cursor.commit        stream             . x x x x x x x x x x x
    script.list          script             . - - - x - - - - x x x
    script.get           script             . - - - x - - - - x x x
    script.create        script             . - - - x - - - - x x x
    script.update        script             . - - - x - - - - x x x
    script.delete        script             . - - - x - - - - x x x
    script.setEnabled    script             . - - - x - - - - x x x
    script.revisions     script             . - - - x - - - - x x x
    script.rollback      script             . - - - x - - - - x x x
    script.validate      script             . - - - x - - - - x x x
    script.run           script             . - - - x - - - - x x x
    script.replay        script             . - - - x - - - - x x x
    script.logs          script             . - - - x - - - - x x x
    script.setPolicy     org:admin          . . . . . - - - - - x x
    plan.list            any                x x x x x x x x x x x x
    plan.get             org:member         . . . . . x x x x x x x
    plan.set             org:owner          . . . . . - - - - - - x
    usage.today          org:member         . . . . . x x x x x x x
    usage.history        org:member         . . . . . x x x x x x x
    org.overview         org:member         . . . . . x x x x x x x
    access.explain       any                . x x x x x x x x x x x
    sync.digest          project:viewer     . x x x x x x x x x x x
    board.get            project:viewer     . x x x x x x x x x x x
    board.column         project:viewer     . x x x x x x x x x x x
    activity.list        project:viewer     . x x x x x x x x x x x
    "
  `);
});

describe("nobody", () => {
  test.each(innerCommands)("%s needs a login", async (command) => {
    const response = await fetch(`${app.url}/api/v1/commands/${command}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(commands[command].example),
    });

    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: "unauthenticated", status: 401 } });
  });

  test.each(["", "nonsense", `rhythm_${"0".repeat(32)}`])("the token %j opens no socket", async (token) => {
    const refusal = await connect(app.url, { userId: randomUUID(), token }).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ data: { code: "unauthenticated", status: 401 } });
  });
});

test("an outsider cannot tell what is foreign from what does not exist", async () => {
  const { outsider } = cast.as;
  const ghost = {
    org: "no-such-org",
    project: "no-such-org/web",
    stream: `project:${randomUUID()}`,
    scriptId: randomUUID(),
  };
  const compared: string[] = [];

  for (const command of innerCommands.filter((name) => commands[name].access !== "any")) {
    const input = await inputFor(command, await setScene(cast), outsider);
    const subjects = Object.entries(ghost).filter(([field]) => field in input);
    const { requestId: _, ...foreign } = await outsider.send(command, input);
    const { requestId: __, ...missing } = await outsider.send(command, { ...input, ...Object.fromEntries(subjects) });
    expect(foreign).toEqual(missing);
    expect(foreign).toMatchObject({ ok: false, error: { code: "not_found" } });
    if (subjects.length === 1) compared.push(command);
  }

  expect(compared.length).toBe(innerCommands.filter((name) => commands[name].access !== "any").length);
});
