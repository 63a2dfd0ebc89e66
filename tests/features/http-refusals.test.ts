import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { version } from "../../src/kernel/package-root.ts";
import { board, type Options, openDoor } from "../support/door.ts";

const door = openDoor();

describe("what is not understood", () => {
  const send = { method: "POST", path: "/api/v1/commands/org.create" };
  const refused = async (options: Options) => {
    const { status, body } = await door.call(send.method, send.path, options);
    expect(door.asked).toEqual([]);
    expect(body).toMatchObject({ ok: false, requestId: expect.any(String) });
    return { status, code: body.error.code };
  };

  test("unknown paths are not found, in JSON", async () => {
    for (const path of ["/", "/nowhere", "/api/v1/nowhere", "/api/v2/orgs", "/api/v1/commands"]) {
      const { status, headers, body } = await door.call("GET", path);
      expect({ path, status, code: body.error.code }).toEqual({ path, status: 404, code: "not_found" });
      expect(headers.get("content-type")).toContain("application/json");
    }
  });

  test("a body that is no JSON object is invalid", async () => {
    for (const body of ["{", '"text"', "[]", "null", "5", '{"name":"A"}}']) {
      expect(await refused({ body }), body).toEqual({ status: 422, code: "invalid" });
    }
  });

  test("other types, charsets and encodings are invalid", async () => {
    for (const headers of [
      { "content-type": "text/plain" },
      { "content-type": "application/x-www-form-urlencoded" },
      { "content-type": "application/json; charset=latin1" },
      { "content-encoding": "zstd" },
      { "content-encoding": "gzip" },
    ]) {
      expect(await refused({ body: { name: "A" }, headers }), JSON.stringify(headers)).toEqual({
        status: 422,
        code: "invalid",
      });
    }
  });

  test("a body over 64 KiB is too large, also when it is sent small", async () => {
    const name = "x".repeat(65_536);
    expect(await refused({ body: { name } })).toEqual({ status: 413, code: "payload_too_large" });
    expect(await refused({ body: { name: name.repeat(100) } })).toEqual({ status: 413, code: "payload_too_large" });

    const bomb = await fetch(`${door.url}${send.path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: gzipSync(JSON.stringify({ name: name.repeat(100) })),
    });
    expect(bomb.status).toBe(413);
  });

  test("a path that is not well encoded is invalid", async () => {
    expect(await door.call("GET", "/api/v1/orgs/%E0%A4%A")).toMatchObject({
      status: 422,
      body: { error: { code: "invalid" } },
    });
  });

  test("no method is answered with a fault", async () => {
    const methods = ["HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "PURGE", "QUERY"];
    for (const path of [
      "/",
      "/livez",
      "/metrics",
      "/api/v1/orgs",
      "/api/v1/commands/org.list",
      "/api/v1/docs/openapi.json",
    ]) {
      for (const method of methods) expect(await door.statusOf(method, path), `${method} ${path}`).toBeLessThan(500);
    }
    expect(await door.statusOf("HEAD", "/api/v1/orgs")).toBe(200);
    expect(await door.statusOf("PUT", "/api/v1/orgs")).toBe(404);
  });
});

describe("other origins", () => {
  const preflight = { "access-control-request-method": "PATCH", "access-control-request-headers": "authorization" };

  test("a listed origin may ask beforehand and read answers", async () => {
    const { status, headers } = await door.call("OPTIONS", "/api/v1/orgs/acme/projects/web", {
      headers: { origin: board, ...preflight },
    });
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe(board);
    expect(headers.get("access-control-allow-methods")).toContain("PATCH");
    expect(headers.get("access-control-allow-headers")).toMatch(/authorization.*idempotency-key/i);
    expect(headers.get("vary")).toContain("Origin");

    const read = await door.call("GET", "/nowhere", { headers: { origin: board } });
    expect(read.headers.get("access-control-allow-origin")).toBe(board);
    expect(read.headers.get("access-control-expose-headers")).toContain("X-Request-Id");
  });

  test("another origin gets no leave", async () => {
    for (const origin of ["https://evil.example", `${board}.evil.example`, "http://board.example", "null"]) {
      const asked = await door.call("OPTIONS", "/api/v1/orgs/acme/projects/web", { headers: { origin, ...preflight } });
      const read = await door.call("GET", "/api/v1/orgs", { headers: { origin } });
      expect([asked.status, asked.body.error.code]).toEqual([403, "forbidden"]);
      expect([asked, read].map(({ headers }) => headers.get("access-control-allow-origin"))).toEqual([null, null]);
      expect(read.headers.get("vary")).toContain("Origin");
    }
  });
});

describe("what operators ask", () => {
  test("it is alive, by any name, with its version", async () => {
    for (const path of ["/api/v1/health/live", "/health", "/api/health", "/livez"]) {
      expect(await door.call("GET", path)).toMatchObject({ status: 200, body: { status: "ok", version } });
    }
  });

  test("it is ready, or says what is missing", async () => {
    for (const path of ["/api/v1/health/ready", "/readyz"]) {
      door.health = async () => ({ ready: true, checks: { postgres: "ok" } });
      expect(await door.call("GET", path)).toMatchObject({
        status: 200,
        body: { status: "ok", checks: { postgres: "ok" } },
      });
      door.health = async () => ({ ready: false, checks: { postgres: "away" } });
      expect(await door.call("GET", path)).toMatchObject({ status: 503, body: { checks: { postgres: "away" } } });
    }
  });

  test("metrics are Prometheus text", async () => {
    const response = await fetch(`${door.url}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(await response.text()).toContain("# TYPE rhythm_commands_total counter");
  });

  test("the documents are served", async () => {
    expect(await door.call("GET", "/api/v1/docs/openapi.json")).toMatchObject({
      status: 200,
      body: { openapi: "3.1.0" },
    });
    expect(await door.call("GET", "/api/v1/docs/asyncapi.json")).toMatchObject({
      status: 200,
      body: { asyncapi: "3.0.0" },
    });
  });
});
