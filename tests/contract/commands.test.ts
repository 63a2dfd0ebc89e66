/** What every entry of the catalogue promises, looped over the catalogue. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ack, type CommandName, commands, events } from "../../protocol/index.ts";
import { routes } from "../../protocol/routes.ts";
import { type Client, connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createUser } from "../support/world.ts";
import { type Fault, faultsOf } from "./bad-input.ts";

const names = Object.keys(commands) as CommandName[];
const onSocket = names.filter((name) => commands[name].access !== "public");
/** Those that only read have no body: see gallery.test.ts. */
const overHttp = names.filter((name) => commands[name].access === "public" && commands[name].http?.startsWith("POST"));

describe("the catalogue", () => {
  test.each(names)("%s has an example that parses", (name) => {
    expect(commands[name].input.safeParse(commands[name].example)).toMatchObject({ success: true });
  });

  test("every event that a command declares is in the catalogue, and the other way round", () => {
    // Told by the server on its own: see src/reactions.
    const bySystem = ["notification.created", "sprint.ended", "quota.warning", "quota.exceeded"];
    const declared = new Set([...bySystem, ...names.flatMap((name) => [...commands[name].emits])]);
    expect([...declared].sort()).toEqual(Object.keys(events).sort());
  });

  test("queries emit nothing and mutations take a commandId", () => {
    for (const name of names) {
      const { kind, emits, input } = commands[name];
      expect([name, kind === "query" && emits.length > 0]).toEqual([name, false]);
      expect([name, "commandId" in input.shape]).toEqual([name, kind === "mutation"]);
    }
  });
});

const isWithin = (inner: string, outer: string) => inner === outer || (outer !== "" && inner.startsWith(`${outer}.`));

/** The faults that were not answered with `invalid` and where they are: the place itself, around it, or inside it. */
function unnamed(faults: Fault[], answers: unknown[]): object[] {
  return faults.flatMap(({ why, path, says = "" }, i) => {
    const { error } = answers[i] as Ack & { ok: false };
    const issues = (error?.details?.["issues"] ?? []) as { path: string; message: string }[];
    const near = issues.filter((issue) => isWithin(path, issue.path) || isWithin(issue.path, path));
    const isNamed = near.some(({ message }) => message.includes(says));
    return error?.code === "invalid" && error.status === 422 && isNamed ? [] : [{ why, path, answer: answers[i] }];
  });
}

describe("bad input", () => {
  let app: Running;
  let ann: Client;
  beforeAll(async () => {
    app = await startApp();
    ann = await connect(app.url, await createUser(app, "ann"));
  });
  afterAll(async () => {
    ann.close();
    await app.close();
  });

  test.each(onSocket)("%s refuses it over a socket and names the field", async (name) => {
    const faults = [...faultsOf(name), { why: "binary data", input: { surplus: Buffer.from("x") }, path: "surplus" }];

    const answers = await Promise.all(faults.map(({ input }) => ann.send(name, input)));

    expect(unnamed(faults, answers)).toEqual([]);
    expect(app.complaints).toEqual([]);
  });

  test.each(overHttp)("%s refuses it over HTTP and names the field", async (name) => {
    const route = routes.find(({ command }) => command === name);
    const faults = faultsOf(name);

    const answers = await Promise.all(
      faults.map(async ({ input }) => {
        const body = JSON.stringify(input);
        const headers = { "content-type": "application/json" };
        return (await fetch(`${app.url}/api/v1${route?.path}`, { method: "POST", headers, body })).json();
      }),
    );

    // What is no object does not come as far as the schema.
    const isObject = (input: unknown) => typeof input === "object" && input !== null && !Array.isArray(input);
    const located = faults.map((fault) => (isObject(fault.input) ? fault : { ...fault, path: "body" }));
    expect(unnamed(located, answers)).toEqual([]);
    expect(app.complaints).toEqual([]);
  });

  test.each(onSocket.filter((name) => commands[name].kind === "mutation"))(
    "%s wants a UUID as commandId",
    async (name) => {
      const faults = ["", "1", "not-a-uuid", 7, null].map((commandId) => ({
        why: JSON.stringify(commandId),
        input: { ...commands[name].example, commandId },
        path: "commandId",
      }));

      const answers = await Promise.all(faults.map(({ input }) => ann.send(name, input)));

      expect(unnamed(faults, answers)).toEqual([]);
    },
  );
});
