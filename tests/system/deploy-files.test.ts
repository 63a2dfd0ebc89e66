import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { settingNames } from "../../src/kernel/config.ts";
import { freePort } from "../../src/kernel/free-port.ts";

type Service = {
  environment?: Record<string, string | null>;
  depends_on?: Record<string, { condition: string }>;
  configs?: { source: string }[];
  volumes?: string[];
  ports?: string[];
  healthcheck?: unknown;
  build?: string;
};
type Compose = {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  configs: Record<string, { content: string }>;
};

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), "utf8");

const composeText = read("compose.yaml");
const compose = parse(composeText) as Compose;
const services = Object.entries(compose.services);
const instances = services.filter(([, service]) => service.build !== undefined);
const dockerfile = read("Dockerfile");
const execForm = (line: RegExp) => JSON.parse(dockerfile.match(line)?.[1] ?? "[]") as string[];
const nginx = await run("nginx", ["-v"]).then(
  () => true,
  () => false,
);

test("compose sets only settings that the server reads, and asks only for what some service reads", () => {
  expect(instances).toHaveLength(2);
  const set = instances.flatMap(([, service]) => Object.keys(service.environment ?? {}));
  expect(set.filter((name) => !settingNames.includes(name))).toEqual([]);

  const ofImages = services.flatMap(([, service]) => Object.keys(service.environment ?? {}));
  const asked = [...composeText.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name);
  expect(asked.filter((name) => name && ![...settingNames, ...ofImages].includes(name))).toEqual([]);
  expect(composeText).toContain("${JWT_SECRET:?");
});

test("what compose refers to is there", () => {
  for (const [, service] of services) {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(condition).toBe("service_healthy");
      // An instance is checked as its image says.
      expect(compose.services[name]?.healthcheck ?? compose.services[name]?.build).toBeDefined();
    }
    for (const { source } of service.configs ?? []) expect(compose.configs).toHaveProperty([source]);
    for (const volume of service.volumes ?? []) expect(compose.volumes).toHaveProperty([volume.split(":")[0] ?? ""]);
  }
  expect(services.filter(([, service]) => service.ports).map(([name]) => name)).toEqual(["balancer"]);
});

test("the Dockerfile copies what exists, and nothing that .dockerignore holds back", () => {
  const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name);
  const sent = read(".dockerignore").match(/(?<=^!).+$/gm) ?? [];
  for (const [, stage, paths = ""] of dockerfile.matchAll(/^COPY (?:--from=(\S+) )?(.+)$/gm)) {
    const sources = paths.split(" ").slice(0, -1);
    if (stage) {
      expect(stages).toContain(stage);
      expect(["/app/node_modules", "/app/dist"]).toEqual(expect.arrayContaining(sources));
    } else {
      expect(sources.filter((source) => !sent.some((folder) => `${source}/`.startsWith(`${folder}/`)))).toEqual([]);
      expect(sources.filter((source) => !existsSync(path.join(root, source)))).toEqual([]);
    }
  }
});

test("the image runs what `npm start` runs", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: { start: string } };
  expect(execForm(/^CMD (.+)$/m).join(" ")).toBe(scripts.start);
});

test("the image is healthy exactly while the server says that it is ready", async () => {
  const [program = "", ...args] = execForm(/^HEALTHCHECK[^[]+CMD (.+)$/m);
  let status = 200;
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/api/v1/health/ready" ? status : 404).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const env = { PATH: process.env.PATH, PORT: String((server.address() as AddressInfo).port) };

  await run(program, args, { env });
  status = 503;
  await expect(run(program, args, { env })).rejects.toMatchObject({ code: 1 });
  server.close();
  await expect(run(program, args, { env })).rejects.toMatchObject({ code: 1 });
});

test.skipIf(!nginx)("nginx accepts the balancer's configuration (skipped without nginx on the PATH)", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "rhythm-nginx-"));
  const content = compose.configs.nginx?.content ?? "";
  const local = content
    .replaceAll("$$", "$")
    .replaceAll(/rhythm-\d:/g, "127.0.0.1:")
    .replace("listen 80;", `listen 127.0.0.1:${await freePort()};`);
  await writeFile(path.join(folder, "nginx.conf"), local);
  try {
    const args = ["-t", "-p", folder, "-c", "nginx.conf", "-e", "stderr", "-g", "pid nginx.pid;"];
    // After the syntax it tries nginx's own folders, which only root may write.
    const { stderr } = await run("nginx", args).catch((failure: { stderr: string }) => failure);
    expect(stderr).toContain("syntax is ok");
  } finally {
    await rm(folder, { recursive: true });
  }
});
