/** Text made to be taken for something else, in every string field of every command: it is text, or it is refused. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type Ack, commands } from "../../protocol/index.ts";
import { type InnerCommand, innerCommands, inputFor } from "../contract/fixtures.ts";
import { type Cast, openCast, type Scene, setScene } from "../contract/scene.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";
import { corpus } from "./corpus.ts";
import { type Path, put, type Schema, textsOf } from "./places.ts";
import { report, size, tally } from "./target.ts";

const fields = innerCommands.flatMap((command) => {
  const schema = z.toJSONSchema(commands[command].input, { io: "input" }) as Schema;
  const paths = new Map(textsOf(schema).map((path) => [path.join("."), path]));
  return [...paths.values()].map((path) => ({ command, path }));
});
const TEXTS_PER_FIELD = size(5, corpus.length);
const AT_ONCE = 16;
const textAt = (place: number): string => corpus[place % corpus.length] ?? "";
/** Each hash takes its time. */
const slow: readonly string[] = ["profile.setPassword"];

let app: Running;
let cast: Cast;
const statementsSent = new Set<string>();
beforeAll(async () => {
  app = await startApp({ onStatement: (text) => statementsSent.add(text) });
  cast = await openCast(app);
});
afterAll(async () => {
  cast.close();
  await app.close();
});

/** The fields of one command with some of the texts; gives the answers' codes. */
async function attack(
  command: InnerCommand,
  at: Scene,
  input: object,
  paths: Path[],
  start: number,
): Promise<string[]> {
  const codes: string[] = [];
  const count = slow.includes(command) ? 2 : TEXTS_PER_FIELD;
  for (const [i, path] of paths.entries()) {
    const texts = Array.from({ length: count }, (_, j) =>
      textAt(count === corpus.length ? j : start + i * 31 + j * 61),
    );
    for (let from = 0; from < count; from += AT_ONCE) {
      const some = texts.slice(from, from + AT_ONCE);
      const answers = await Promise.all(
        some.map((text) => at.as.owner.send(command, put(input, path, text) as object)),
      );
      answers.forEach((answer: Ack, j) => {
        const code = answer.ok ? "ok" : answer.error.code;
        const what = `${command} ${path.join(".")} ${JSON.stringify(some[j])}`;
        codes.push(code);
        if (code === "internal") throw new Error(`${what} is a fault`);
        if (JSON.stringify(answer).includes(MARK)) throw new Error(`${what} shows others' work`);
      });
    }
  }
  return codes;
}

/** Stands in everything that belongs to others. */
const MARK = "zq-of-another-house";

test(`the corpus has ${corpus.length} texts`, () => {
  expect(corpus.length).toBeGreaterThanOrEqual(500);
  expect(fields.length).toBeGreaterThan(150);
});

test(`${TEXTS_PER_FIELD} of them in each of ${fields.length} fields are text or refused`, {
  timeout: 1_200_000,
}, async () => {
  const { ann, project, issue } = await createWorld(app, { stages: { [MARK]: [MARK] } });
  await ann.ok("comment.add", { project, issue: issue[MARK] ?? 0, body: MARK });
  const look = async () => {
    const { rows } = await app.parts.database.pool.query(
      `select (select count(*)::int from users where kind = 'user') as users, (select count(*)::int from users where suspended_at is not null) as suspended,
        (select md5(string_agg(i::text, '' order by id)) from issues i where title = $1) as theirs`,
      [MARK],
    );
    return rows[0];
  };
  const before = await look();
  const codes: string[] = [];

  for (const [i, command] of innerCommands.entries()) {
    const paths = fields.filter((field) => field.command === command).map(({ path }) => path);
    if (paths.length === 0) continue;
    const at = await setScene(cast);
    // What the texts have made of these counts against their limits.
    await app.parts.database.pool.query("with d as (delete from drafts) delete from api_keys");
    const input = await inputFor(command, at, at.as.owner);
    const users = (await look()).users;
    codes.push(...(await attack(command, at, input, paths, i * 7)));
    expect([command, (await look()).users - users <= 1]).toEqual([command, true]);
  }

  report("S7 injection", { texts: corpus.length, fields: fields.length, sent: codes.length, codes: tally(codes) });
  const { users: _, ...after } = await look();
  const { users: __, ...expected } = before;
  expect(after).toEqual(expected);
  expect(app.complaints).toEqual([]);
  expect(await ann.ok("issue.get", { project, issue: issue[MARK] ?? 0 })).toMatchObject({ title: MARK });
});

test("no text ever became part of a statement", () => {
  const tells = ["rhythm-stolen", "7*7", "pg_sleep", "etc/passwd", "version()", "alert(1)", "drop table"];
  const tainted = [...statementsSent].filter((text) => tells.some((tell) => text.includes(tell)));

  expect(statementsSent.size).toBeGreaterThan(100);
  expect(tainted).toEqual([]);
});

test("a search, a filter and a sort by any of them find only what is there", { timeout: 300_000 }, async () => {
  const { ann, org, project } = await createWorld(app, { stages: { todo: ["plain one", "plain two"] } });
  const codes: string[] = [];
  const texts = corpus.filter((_, i) => i % size(4, 1) === 0);
  for (const text of texts) {
    const answers: Ack[] = [
      await ann.send("issue.list", { project, q: text }),
      await ann.send("issue.list", { project, tag: text, reporter: text }),
      await ann.send("issue.list", { project, sort: text }),
      await ann.send("issue.list", { project, cursor: text }),
      await ann.send("issue.search", { org, q: text }),
      await ann.send("issue.search", { org, q: `plain ${text}` }),
      await ann.send("activity.list", { project, type: text, cursor: text }),
    ];
    for (const answer of answers) {
      codes.push(answer.ok ? "ok" : answer.error.code);
      expect([text, JSON.stringify(answer).includes(MARK)]).toEqual([text, false]);
    }
  }

  report("S7 searches", { texts: texts.length, codes: tally(codes) });
  expect(Object.keys(tally(codes)).sort()).toEqual(["invalid", "ok"]);
  expect(app.complaints).toEqual([]);
});

const torture: Record<string, string> = {
  "writing from right to left": "שלום \u202eolleh\u202c مرحبا",
  "a thousand accents": `a${"\u0301".repeat(1000)}`,
  "families and flags": "👩‍👩‍👧‍👦🏳️‍🌈🇪🇺👍🏽".repeat(8),
  "composed and not": "é e\u0301 \u212b \u00c5 \ufb01",
  "nothing to see": "a\u200b\u200c\u200d\u2060\ufeffb",
  "tags and selectors": "a\u{e0061}\u{e007f}\ufe0f b",
  "from far away": "𓀀𐍈🂡\u{10ffff}\u{1f9ff}",
  "private and unassigned": "\ue000\uf8ff\u0378\uffff\ufffe",
  "all controls that can be stored": `${Array.from({ length: 31 }, (_, i) => String.fromCodePoint(i + 1)).join("")}\u007f\u0085x`,
  "line ends of every kind": "a\nb\r\nc\rd\u2028e\u2029f\vg\fh",
  "ten thousand letters": "Ǆ".repeat(10_000),
};

test.each(Object.keys(torture))("%s comes back as it was, or the field is named", async (name) => {
  const text = torture[name] ?? "";
  const { ann, project, stage } = await createWorld(app, { stages: { todo: ["one"] } });
  const writes: [string, object, string][] = [
    ["issue.create", { project, title: text }, "title"],
    ["issue.create", { project, title: "T", description: text }, "description"],
    ["comment.add", { project, issue: 1, body: text }, "body"],
    ["tag.create", { project, name: text, color: "#112233" }, "name"],
    ["stage.update", { project, stageId: stage.todo, patch: { name: text } }, "name"],
    ["profile.update", { displayName: text }, "displayName"],
    ["draft.save", { name: "torture", payload: { text } }, "payload"],
  ];
  for (const [command, input, field] of writes) {
    const answer: Ack = await ann.send(command, input);
    if (answer.ok) {
      const kept: unknown = Reflect.get(Object(answer.data), field);
      const wanted = field === "payload" ? { text } : [text, text.trim()];
      if (field === "payload") expect([command, field, kept ?? wanted]).toEqual([command, field, wanted]);
      else expect(wanted, `${command} ${field}`).toContain(kept);
    } else {
      expect(answer.error).toMatchObject({
        code: "invalid",
        details: { issues: [{ path: expect.stringContaining(field) }] },
      });
    }
  }
  expect(app.complaints).toEqual([]);
});
