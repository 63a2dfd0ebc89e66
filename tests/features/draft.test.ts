import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createUser } from "../support/world.ts";

const statements: string[] = [];
let app: Running;
beforeAll(async () => {
  app = await startApp({ onStatement: (text) => statements.push(text) });
});
afterAll(() => app.close());

type Answer = { data: { payload: { text: string } }; error: { code: string; message: string } };

async function person(name = "ann") {
  const user = await createUser(app, name);
  const client = await connect(app.url, user);
  onTestFinished(() => client.close());
  const http = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${app.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${user.token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer };
  };
  return { ...client, http };
}

const kib = (count: number) => "x".repeat(count * 1024);

test("a draft comes back as it was saved", async () => {
  const ann = await person();
  const payload = { title: "The cart", nested: { list: [1, null, true, "ä"] }, empty: {} };

  const saved = await ann.ok("draft.save", { name: "new-issue", payload });

  expect(saved).toMatchObject({ name: "new-issue", version: 1 });
  expect(await ann.ok("draft.get", { name: "new-issue" })).toEqual({ ...saved, payload });
  expect((await ann.refused("draft.get", { name: "other" })).code).toBe("not_found");
});

test("a draft without a name is the default one", async () => {
  const ann = await person();
  await ann.ok("draft.save", { payload: { a: 1 } });

  expect(await ann.ok("draft.get", {})).toMatchObject({ name: "default", payload: { a: 1 } });
});

test("each save is one version more", async () => {
  const ann = await person();
  const versions: number[] = [];

  for (const text of ["a", "b", "c"]) versions.push((await ann.ok("draft.save", { payload: { text } })).version);

  expect(versions).toEqual([1, 2, 3]);
  expect((await ann.ok("draft.get", {})).payload).toEqual({ text: "c" });
});

test("drafts are one's own", async () => {
  const [ann, bob] = [await person(), await person("bob")];
  await ann.ok("draft.save", { name: "secret", payload: { a: 1 } });

  expect((await bob.refused("draft.get", { name: "secret" })).code).toBe("not_found");
  expect((await bob.refused("draft.delete", { name: "secret" })).code).toBe("not_found");
  expect((await bob.ok("draft.list", {})).items).toEqual([]);
  expect((await bob.ok("draft.save", { name: "secret", payload: {} })).version).toBe(1);
});

test("the list has names and versions, the latest first, without payloads", async () => {
  const ann = await person();
  for (const name of ["a", "b", "a"]) await ann.ok("draft.save", { name, payload: { name } });

  const { items } = await ann.ok("draft.list", {});

  expect(items).toEqual([
    { name: "a", version: 2, updatedAt: expect.any(String) },
    { name: "b", version: 1, updatedAt: expect.any(String) },
  ]);
});

test("expect refuses when another window saved meanwhile, and shows what it saved", async () => {
  const ann = await person();
  const { version } = await ann.ok("draft.save", { payload: { text: "one" }, expect: 0 });
  await ann.ok("draft.save", { payload: { text: "two" }, expect: version });

  const error = await ann.refused("draft.save", { payload: { text: "three" }, expect: version });

  expect(error).toMatchObject({ code: "conflict", details: { current: { version: 2, payload: { text: "two" } } } });
  expect((await ann.refused("draft.save", { payload: {}, expect: 0 })).code).toBe("conflict");
});

test("expect of a draft that is not there is a conflict with nothing", async () => {
  const ann = await person();
  expect(await ann.refused("draft.save", { payload: {}, expect: 3 })).toMatchObject({
    code: "conflict",
    details: { current: null },
  });
});

test("of windows that save at the same moment, one wins", async () => {
  const ann = await person();

  const acks = await Promise.all(
    Array.from({ length: 10 }, (_, window) => ann.call("draft.save", { payload: { window }, expect: 0 })),
  );

  const winners = acks.flatMap((ack, window) => (ack.ok ? [window] : []));
  expect(winners).toHaveLength(1);
  expect(await ann.ok("draft.get", {})).toMatchObject({ version: 1, payload: { window: winners[0] } });
});

test("a save that is sent again is applied once", async () => {
  const ann = await person();
  const input = { payload: { text: "one" }, commandId: randomUUID() };
  await ann.ok("draft.save", input);

  expect(await ann.call("draft.save", input)).toMatchObject({ ok: true, replayed: true, data: { version: 1 } });
  expect((await ann.ok("draft.get", {})).version).toBe(1);
});

test("a deleted draft is gone", async () => {
  const ann = await person();
  await ann.ok("draft.save", { payload: {} });
  await ann.ok("draft.delete", {});

  expect((await ann.refused("draft.get", {})).code).toBe("not_found");
  expect((await ann.refused("draft.delete", {})).code).toBe("not_found");
  expect((await ann.ok("draft.save", { payload: {}, expect: 0 })).version).toBe(1);
});

test("256 KiB fit over HTTP, and no more", async () => {
  const ann = await person();

  const fits = await ann.http("PUT", "/drafts/big", { payload: { text: kib(256).slice(0, -11) } });
  const over = await ann.http("PUT", "/drafts/big", { payload: { text: kib(256).slice(0, -10) } });
  const far = await ann.http("PUT", "/drafts/big", { payload: { text: kib(300) } });
  const named = await ann.http("POST", "/commands/draft.save", { name: "too", payload: { text: kib(200) } });

  expect([fits.status, over.status, far.status, named.status]).toEqual([200, 413, 413, 200]);
  expect(over.body.error.code).toBe("payload_too_large");
  expect(far.body.error).toMatchObject({ code: "payload_too_large", message: "The body is over 272 KiB" });
  const back = await ann.http("GET", "/drafts/big");
  expect(back.body.data.payload.text).toHaveLength(256 * 1024 - 11);
});

test("other commands still take 64 KiB", async () => {
  const ann = await person();

  const over = await ann.http("POST", "/commands/org.create", { name: "A", description: kib(65) });

  expect(over).toMatchObject({ status: 413, body: { error: { message: "The body is over 64 KiB" } } });
});

test("a hundred drafts are enough", async () => {
  const ann = await person();
  for (let i = 0; i < 100; i += 1) await ann.ok("draft.save", { name: `draft ${i}`, payload: {} });

  expect((await ann.refused("draft.save", { name: "one more", payload: {} })).code).toBe("conflict");
  expect((await ann.ok("draft.save", { name: "draft 1", payload: {} })).version).toBe(2);
  expect((await ann.ok("draft.list", {})).items).toHaveLength(100);
});

test("autosave costs two statements of its own, and writes no event", async () => {
  const ann = await person();
  await ann.ok("draft.save", { payload: {} });

  statements.length = 0;
  const ack = await ann.call("draft.save", { payload: { text: "a" } });

  expect(statements.filter((text) => text.includes("drafts"))).toHaveLength(2);
  expect(ack).not.toHaveProperty("seq");
});

test("a payload is an object", async () => {
  const ann = await person();
  for (const payload of [null, [], "text", 5, undefined]) {
    const ack = await ann.send("draft.save", { payload });
    expect(ack, JSON.stringify(payload)).toMatchObject({ ok: false, error: { code: "invalid" } });
  }
});
