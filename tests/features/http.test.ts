import { describe, expect, test, vi } from "vitest";
import { routes } from "../../protocol/routes.ts";
import { ann, data, type Options, ok, openDoor } from "../support/door.ts";

const stageId = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const door = openDoor();

/** The input that the request became. */
async function inputOf(method: string, path: string, options?: Options): Promise<unknown> {
  await door.call(method, `/api/v1${path}`, options);
  expect(door.asked).toHaveLength(1);
  return door.asked[0]?.input;
}

const project = "/orgs/acme/projects/web";

describe("what is asked", () => {
  test("a command by its name gets the body as it is, and who asks", async () => {
    const { status, body } = await door.call("POST", "/api/v1/commands/issue.move", {
      body: { project: "acme/web", issue: 2 },
    });

    expect(door.asked).toMatchObject([{ name: "issue.move", input: { project: "acme/web", issue: 2 }, caller: ann }]);
    expect({ status, body }).toEqual({
      status: 200,
      body: { ok: true, data, requestId: door.asked[0]?.requestId },
    });
  });

  test("a command without input needs no body", async () => {
    expect(await inputOf("POST", "/commands/org.list")).toEqual({});
  });

  test("org and project of a path become one reference, numbers become numbers", async () => {
    expect(await inputOf("GET", `${project}/issues/12`)).toEqual({ project: "acme/web", issue: 12 });
    expect(door.asked[0]?.name).toBe("issue.get");
  });

  test("an organization's path fills org", async () => {
    expect(await inputOf("POST", "/orgs/acme/projects", { body: { name: "Web" } })).toEqual({
      org: "acme",
      name: "Web",
    });
  });

  test("a query becomes what the schema wants: numbers, null, lists", async () => {
    const query = "status=open&status=closed&limit=20&q=12&cursor=null";
    expect(await inputOf("GET", `${project}/issues?${query}`)).toEqual({
      project: "acme/web",
      status: ["open", "closed"],
      limit: 20,
      q: "12",
      cursor: null,
    });
  });

  test("what is no number stays text, for the schema to refuse", async () => {
    expect(await inputOf("GET", `${project}/issues/twelve?limit=1e3`)).toMatchObject({ issue: "twelve", limit: "1e3" });
  });

  test("a null in the path is null where null is meant", async () => {
    expect(await inputOf("GET", `${project}/board/null`)).toEqual({ project: "acme/web", stageId: null });
  });

  test("a stream's name passes through the path", async () => {
    expect(await inputOf("GET", `/streams/project:${stageId}/events?after=41`)).toEqual({
      stream: `project:${stageId}`,
      after: 41,
    });
  });

  test("the path wins over body and query", async () => {
    const input = await inputOf("POST", `${project}/issues/12/move?issue=13&stageId=none`, {
      body: { project: "other/one", issue: 14, stageId, after: 7 },
    });
    expect(input).toEqual({ project: "acme/web", issue: 12, stageId, after: 7 });
  });

  test("a patch may be spread over the body, beside the command's own fields", async () => {
    const folded = { project: "acme/web", issue: 12, expect: 3, patch: { title: "New", priority: "major" } };
    const path = `${project}/issues/12`;
    expect(await inputOf("PATCH", path, { body: { title: "New", priority: "major", expect: 3 } })).toEqual(folded);
    door.asked = [];
    expect(await inputOf("PATCH", path, { body: { patch: { title: "New", priority: "major" }, expect: 3 } })).toEqual(
      folded,
    );
    door.asked = [];
    expect(await inputOf("PATCH", path, { body: { patch: { title: "New" }, priority: "major", expect: 3 } })).toEqual(
      folded,
    );
  });

  test("an empty patch is a patch, a wrong one is left for the schema to refuse", async () => {
    expect(await inputOf("PATCH", project, { body: {} })).toEqual({ project: "acme/web", patch: {} });
    door.asked = [];
    expect(await inputOf("PATCH", project, { body: { patch: 5 } })).toEqual({ project: "acme/web", patch: 5 });
  });

  test("fixed words in a path come before parameters", async () => {
    const at = (path: string) => routes.findIndex((route) => route.path.endsWith(path));
    expect(await inputOf("PUT", `${project}/stages/order`, { body: { stageIds: [stageId] } })).toMatchObject({
      stageIds: [stageId],
    });
    expect(door.asked[0]?.name).toBe("stage.reorder");
    expect(at("/stages/order")).toBeLessThan(at("/stages/{stageId}"));
  });

  test("Idempotency-Key is the command id of a mutation, and nothing to a query", async () => {
    const headers = { "idempotency-key": stageId };
    expect(await inputOf("DELETE", `${project}/issues/12`, { headers })).toMatchObject({
      issue: 12,
      commandId: stageId,
    });
    door.asked = [];
    expect(await inputOf("POST", "/commands/org.create", { headers, body: { name: "A" } })).toMatchObject({
      commandId: stageId,
    });
    door.asked = [];
    expect(await inputOf("GET", `${project}/issues/12`, { headers })).not.toHaveProperty("commandId");
  });

  test("every route of the catalogue reaches its command", async () => {
    for (const { method, path, command } of routes) {
      door.asked = [];
      await door.call(method, `/api/v1${path.replaceAll(/\{\w+\}/g, "x1")}`, method === "GET" ? {} : { body: {} });
      expect(
        door.asked.map(({ name }) => name),
        `${method} ${path}`,
      ).toEqual([command]);
    }
  });

  test("__proto__ in body or query changes no prototype", async () => {
    const body = '{"name":"A","__proto__":{"slug":"evil"}}';
    const input = await inputOf("POST", "/orgs?__proto__=evil", { body });
    expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
    expect((input as { slug?: string }).slug).toBeUndefined();
  });
});

describe("who asks", () => {
  test("without a token nobody asks; a wrong one is refused at the door", async () => {
    await fetch(`${door.url}/api/v1/orgs`);
    expect(door.asked).toMatchObject([{ caller: undefined }]);

    for (const authorization of ["Bearer bob", "Basic YW5uOmFubg==", "Bearer"]) {
      const { status, headers, body } = await door.call("GET", "/api/v1/orgs", { headers: { authorization } });
      expect({ status, code: body.error.code }).toEqual({ status: 401, code: "unauthenticated" });
      expect(headers.get("www-authenticate")).toBe("Bearer");
    }
    expect(door.asked).toHaveLength(1);
  });

  test("an old token does not keep anyone from signing in", async () => {
    const { status, body } = await door.call("POST", "/api/v1/auth/login", {
      headers: { authorization: "Bearer old" },
      body: { email: "ann@acme.example", password: "p" },
    });
    expect({ status, body }).toEqual({ status: 200, body: data });
    expect(door.asked).toMatchObject([{ name: "auth.login", caller: undefined }]);
  });

  test("public commands cannot be sent by name, unknown ones are not found", async () => {
    for (const name of ["auth.login", "auth.logout", "nope.nope", "constructor", "__proto__", "%00"]) {
      const { status, body } = await door.call("POST", `/api/v1/commands/${name}`, { body: {} });
      expect({ name, status, code: body.error.code }).toEqual({ name, status: 404, code: "not_found" });
    }
    expect(door.asked).toEqual([]);
  });
});

describe("what is answered", () => {
  test("something new is 201, the same again 200", async () => {
    const create = () => door.call("POST", "/api/v1/orgs", { body: { name: "A" } });
    expect(await create()).toMatchObject({ status: 201, body: { ok: true } });
    door.answer = (command) => ({ ...ok(command), replayed: true });
    expect(await create()).toMatchObject({ status: 200, body: { ok: true, replayed: true } });
  });

  test("signing up answers bare data, signing out nothing", async () => {
    const signUp = { body: { email: "ann@acme.example", password: "correct horse battery" } };
    expect(await door.call("POST", "/api/v1/auth/register", signUp)).toMatchObject({ status: 201, body: data });
    expect(await door.call("POST", "/api/v1/auth/logout", { body: { refreshToken: "t" } })).toMatchObject({
      status: 204,
      body: undefined,
    });
  });

  test("a refusal has the status of its code, and says when to come back", async () => {
    const error = { code: "rate_limited", message: "Too fast", status: 429, retryAfterMs: 1200 } as const;
    door.answer = ({ requestId }) => ({ ok: false, error, requestId });
    const { status, headers, body } = await door.call("GET", "/api/v1/orgs");

    expect({ status, body }).toEqual({ status: 429, body: { ok: false, error, requestId: door.asked[0]?.requestId } });
    expect(headers.get("retry-after")).toBe("2");
    expect(headers.get("x-ratelimit-remaining")).toBe("0");
  });

  test("a fault inside is 500 and tells nothing", async () => {
    door.answer = () => {
      throw new Error("select secret from users");
    };
    const { status, body } = await door.call("GET", "/api/v1/orgs");
    expect({ status, code: body.error.code }).toEqual({ status: 500, code: "internal" });
    expect(JSON.stringify(body)).not.toContain("secret");
    expect(door.logged).toContainEqual(expect.objectContaining({ level: 50, requestId: body.requestId }));
  });

  test("answers are not stored, and name no framework", async () => {
    const { headers } = await door.call("GET", "/api/v1/orgs");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("a good request id is taken over, another is made", async () => {
    const given = await door.call("GET", "/api/v1/orgs", { headers: { "x-request-id": "trace-1.a:b" } });
    expect([given.headers.get("x-request-id"), given.body.requestId, door.asked[0]?.requestId]).toEqual(
      Array(3).fill("trace-1.a:b"),
    );

    for (const bad of ["with space", "x".repeat(101), "<b>"]) {
      const made = await door.call("GET", "/nowhere", { headers: { "x-request-id": bad } });
      expect(made.body.requestId).toMatch(/^[0-9a-f-]{36}$/);
      expect(made.headers.get("x-request-id")).toBe(made.body.requestId);
    }
  });
});

test("each request leaves one line, without its query and token", async () => {
  await door.call("GET", "/api/v1/orgs?cursor=private", { headers: { "x-request-id": "seen" } });
  await vi.waitFor(() => expect(door.logged.filter(({ requestId }) => requestId === "seen")).toHaveLength(1), 10_000);
  const [line] = door.logged.filter(({ requestId }) => requestId === "seen");
  expect(line).toMatchObject({ level: 20, method: "GET", path: "/api/v1/orgs", status: 200 });
  expect(JSON.stringify(line)).not.toMatch(/private|ann/);
});
