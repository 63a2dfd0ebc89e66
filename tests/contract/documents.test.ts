import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Parser } from "@asyncapi/parser";
import { Validator } from "@seriousme/openapi-schema-validator";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { commands, errorCodes, events, pushes } from "../../protocol/index.ts";
import { asyncapi } from "../../protocol/print-asyncapi.ts";
import { openapi } from "../../protocol/print-openapi.ts";
import { reference } from "../../protocol/print-reference.ts";
import { routes } from "../../protocol/routes.ts";
import { settingNames } from "../../src/kernel/config.ts";
import { packageRoot } from "../../src/kernel/package-root.ts";
import { printSettings } from "../../src/kernel/print-settings.ts";

vi.setConfig({ testTimeout: 60_000 });

type Tree = { [name: string]: Tree };
const refsOf = (document: object) =>
  new Set([...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => String(path)));
const resolve = (document: object, path: string) =>
  path
    .split("/")
    .reduce<Tree | undefined>(
      (tree, part) => tree?.[part.replaceAll("~1", "/").replaceAll("~0", "~")],
      document as Tree,
    );
const dangling = (document: object) => [...refsOf(document)].filter((path) => resolve(document, path) === undefined);

const catalogue = Object.entries(commands);
const onSocket = catalogue.filter(([, spec]) => spec.access !== "public").map(([name]) => name);
const byName = catalogue
  .filter(([, spec]) => spec.access !== "public" && !("connection" in spec))
  .map(([name]) => `/api/v1/commands/${name}`);

test("the generated files are fresh", async () => {
  const script = fileURLToPath(new URL("src/generate.ts", packageRoot));
  const check = promisify(execFile)(process.execPath, ["--import", "tsx", script, "--check"], {
    cwd: fileURLToPath(packageRoot),
  });
  await expect(check).resolves.toMatchObject({ stderr: "" });
});

describe("openapi.json", () => {
  let document: { paths: Record<string, Tree> } & object;
  beforeAll(() => {
    document = openapi("1.2.3") as typeof document;
  });

  test("is valid OpenAPI 3.1 without dangling references", async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    expect(dangling(document)).toEqual([]);
  });

  test("has a path for each command that HTTP can send, and none for the others", () => {
    const paths = Object.keys(document.paths).filter((path) => path.startsWith("/api/v1/commands/"));
    expect(paths.sort()).toEqual(byName.sort());
  });

  test("has each route of the catalogue, with all its path parameters", () => {
    for (const { method, path, command, parameters } of routes) {
      const operation = document.paths[`/api/v1${path}`]?.[method.toLowerCase()];
      expect(operation).toMatchObject({ "x-command": command });
      const inPath = Object.values(operation?.parameters ?? {}).filter((parameter) => String(parameter.in) === "path");
      expect(inPath.map(({ name }) => String(name))).toEqual([...parameters]);
    }
  });

  test("gives each operation an id of its own", () => {
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((op) => String(op.operationId)),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("names health, metrics and documents", () => {
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(["/api/v1/health/live", "/api/v1/health/ready", "/metrics", "/api/v1/docs/asyncapi.json"]),
    );
  });
});

describe("asyncapi.json", () => {
  let document: { operations: Record<string, Tree>; channels: Record<string, { messages: Tree }> } & object;
  beforeAll(() => {
    document = asyncapi("1.2.3") as typeof document;
  });

  test("is valid AsyncAPI 3.0 without dangling references", async () => {
    const { document: parsed, diagnostics } = await new Parser().parse(JSON.stringify(document));
    const errors = diagnostics.filter(({ severity }) => severity === 0);
    expect(errors.map(({ message, path }) => `${path.join(".")}: ${message}`)).toEqual([]);
    expect(parsed?.version()).toBe("3.0.0");
    expect(dangling(document)).toEqual([]);
  });

  test("receives every socket command, with its answer", () => {
    const received = Object.entries(document.operations).filter(([, { action }]) => String(action) === "receive");
    expect(received.map(([name]) => name).sort()).toEqual(onSocket.sort());
    for (const [name, operation] of received) {
      expect(JSON.stringify(operation.reply)).toContain(`/messages/${name}.ack`);
    }
  });

  test("sends every push", () => {
    const sent = Object.keys(document.operations).filter((name) => name.startsWith("push."));
    expect(sent.sort()).toEqual(
      Object.keys(pushes)
        .map((name) => `push.${name}`)
        .sort(),
    );
  });

  test("has every event in the channels of its streams", () => {
    for (const [type, { streams }] of Object.entries(events)) {
      for (const kind of streams) expect(Object.keys(document.channels[kind]?.messages ?? {})).toContain(type);
    }
  });
});

test("README.md has every command, event, push and error", () => {
  const text = reference();
  for (const name of Object.keys(commands)) expect(text).toContain(`\n### ${name}\n`);
  const rows = [events, pushes, errorCodes].flatMap((catalogue) => Object.keys(catalogue));
  for (const name of rows) expect(text).toContain(`\n| \`${name}\` |`);
});

test("every link of README.md leads to a heading", () => {
  const text = reference();
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading?.toLowerCase().replaceAll(/[^\w -]/g, ""),
  );
  for (const [, anchor] of text.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor);
});

test(".env.example has every setting, and an untouched copy changes none", () => {
  const lines = printSettings().split("\n");
  for (const name of settingNames) expect(lines.some((line) => line.startsWith(`# ${name}=`))).toBe(true);
  expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([]);
  expect(readFileSync(new URL(".env.example", packageRoot), "utf8")).toBe(lines.join("\n"));
});
