/** A file imports from its own floor of the house or a lower one; see the table. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** From the ground up; the first that a path begins with is its floor. Doors stand beside each other, unseen. */
const floors: readonly { at: string; height: number; sees?: readonly string[] }[] = [
  { at: "protocol/", height: 0 },
  { at: "src/kernel/", height: 1 },
  { at: "src/features/", height: 2 },
  { at: "src/commands/", height: 3 },
  { at: "src/feed/", height: 4 },
  { at: "src/realtime/", height: 5 },
  { at: "src/http/", height: 5 },
  { at: "src/reactions/", height: 5 },
  { at: "src/plugins/", height: 5 },
  { at: "src/app.ts", height: 6 },
  { at: "src/demo.ts", height: 6 },
  { at: "src/banner.ts", height: 6 },
  { at: "src/main.ts", height: 7 },
  // Programs of their own: these see what is listed, and nobody sees them.
  { at: "src/client/", height: 8, sees: ["protocol/"] },
  { at: "src/bot/", height: 8, sees: ["protocol/", "src/client/"] },
  { at: "examples/", height: 9, sees: ["src/bot/"] },
  { at: "src/cli/", height: 8, sees: ["protocol/", "src/kernel/"] },
  { at: "src/generate.ts", height: 8, sees: ["protocol/", "src/kernel/"] },
];
/** Floors of one height that may see each other. */
const landings = ["src/app.ts", "src/demo.ts", "src/banner.ts"];

/** What only these may know. */
const packages: Record<string, readonly string[]> = {
  "socket.io": ["src/realtime/"],
  "@socket.io/redis-adapter": ["src/realtime/"],
  ioredis: ["src/realtime/", "src/kernel/redis.ts"],
  "rate-limiter-flexible": ["src/kernel/rate.ts"],
  express: ["src/http/"],
  helmet: ["src/http/"],
  "pg-listen": ["src/feed/"],
  diff: ["src/features/script/"],
  pg: ["src/kernel/"],
  wasmoon: ["src/plugins/"],
  croner: ["src/plugins/"],
  kysely: ["src/kernel/", "src/features/", "src/reactions/"],
};

/** Within a feature, from the ground up: pure files, policy, repository, service, handlers. */
function layerOf(file: string): number {
  const part = /^src\/features\/[^/]+\/([^/]+)/.exec(file)?.[1]?.replace(/\.ts$/, "") ?? "";
  // Who signs in is found out before there is a command, so this stands where services do.
  if (part === "authenticate") return 3;
  return Math.max(0, ["", "policy", "repository", "service", "handlers"].indexOf(part));
}
const featureOf = (file: string): string | undefined => /^src\/features\/([^/]+)\//.exec(file)?.[1];

const importPattern = /(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g;
const importsOf = (file: string, text: string): string[] =>
  [...text.matchAll(importPattern)].map(([, name = ""]) =>
    name.startsWith(".") ? path.posix.join(path.posix.dirname(file), name) : name,
  );

const floorOf = (file: string) => floors.find(({ at }) => file.startsWith(at));
const isOurs = (name: string): boolean => /^(protocol|src|tests|bench|examples)\//.test(name) || name.startsWith("..");

function isWrong(file: string, imported: string): boolean {
  if (!isOurs(imported)) {
    if (file.startsWith("src/client/")) return imported !== "socket.io-client";
    const homes = packages[imported];
    return homes !== undefined && !homes.some((home) => file.startsWith(home));
  }
  const [own, other] = [floorOf(file), floorOf(imported)];
  if (!own || !other) return true;
  if (own.sees && own !== other) return !own.sees.includes(other.at);
  if (own.height !== other.height) return own.height < other.height;
  if (own !== other) return !(landings.includes(own.at) && landings.includes(other.at));
  if (own.at !== "src/features/") return false;
  const isForeignHandler = featureOf(file) !== featureOf(imported) && layerOf(imported) === 4;
  return layerOf(file) < layerOf(imported) || isForeignHandler;
}

/** The features that import each other, directly or by way of others. */
function featuresInCycles(edges: [string, string][]): string[] {
  const reach = new Map<string, Set<string>>();
  for (const [from, to] of edges) reach.set(from, (reach.get(from) ?? new Set()).add(to));
  for (const middle of reach.keys()) {
    for (const targets of reach.values()) {
      if (targets.has(middle)) for (const target of reach.get(middle) ?? []) targets.add(target);
    }
  }
  return [...reach].filter(([feature, targets]) => targets.has(feature)).map(([feature]) => feature);
}

/** Everything wrong with the imports of these files, by path. */
function faultsOf(files: Record<string, string>): string[] {
  const imports = Object.entries(files).flatMap(([file, text]) =>
    importsOf(file, text).map((imported) => [file, imported] as const),
  );
  const wrong = imports.filter(([file, imported]) => isWrong(file, imported));
  const edges = imports.flatMap(([file, imported]): [string, string][] => {
    const [from, to] = [featureOf(file), featureOf(imported)];
    return from && to && from !== to ? [[from, to]] : [];
  });
  const homeless = Object.keys(files).filter((file) => !floorOf(file));
  return [
    ...homeless.map((file) => `${file} has no floor`),
    ...wrong.map(([file, imported]) => `${file} imports ${imported}`),
    ...featuresInCycles(edges).map((feature) => `feature ${feature} is in a cycle`),
  ];
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const realFiles = (): Record<string, string> => {
  const names = ["protocol", "src", "examples"].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  );
  const sources = names.filter((name) => /\.[jt]s$/.test(name));
  return Object.fromEntries(sources.map((name) => [name, readFileSync(path.join(root, name), "utf8")]));
};

test("no file imports from a floor above its own", () => {
  expect(faultsOf(realFiles())).toEqual([]);
});

test("the imports are found", () => {
  const files = realFiles();
  const found = Object.entries(files).flatMap(([file, text]) => importsOf(file, text));
  expect(found.length).toBeGreaterThan(300);
  expect(found.filter((name) => isOurs(name) && !(name in files))).toEqual([]);
});

describe("a planted import fails", () => {
  const planted: [string, string, string][] = [
    ["protocol/issue.ts", "../src/kernel/db.ts", "a lower floor sees a higher one"],
    ["src/kernel/transact.ts", "../features/issue/rank.ts", "the kernel knows a feature"],
    ["src/features/issue/service/move.ts", "../../../commands/execute.ts", "a service sends commands"],
    ["src/commands/execute.ts", "../feed/feed.ts", "commands know the feed"],
    ["src/feed/feed.ts", "../realtime/rooms.ts", "the feed knows a door"],
    ["src/http/routes.ts", "../realtime/rooms.ts", "doors know each other"],
    ["src/reactions/mail.ts", "../http/answer.ts", "a reaction knows a door"],
    ["src/plugins/run.ts", "../http/answer.ts", "scripts know a door"],
    ["src/realtime/rooms.ts", "../plugins/sandbox/sandbox.ts", "a door knows scripts"],
    ["src/app.ts", "./main.ts", "the app knows its program"],
    ["src/client/board.ts", "../kernel/page.ts", "the client knows the server"],
    ["src/client/board.ts", "../bot/bot.ts", "the client knows the bots"],
    ["src/client/client.ts", "node:crypto", "a page in a browser has no Node"],
    ["src/bot/bot.ts", "../kernel/db.ts", "a bot knows the server"],
    ["examples/triage.ts", "../src/client/client.ts", "an example goes past the framework"],
    ["src/cli/run.ts", "../app.ts", "a tool knows the app"],
    ["src/app.ts", "./client/board.ts", "the server knows the client"],
    ["src/new/thing.ts", "../kernel/db.ts", "a folder without a floor"],
    ["src/features/issue/policy.ts", "./repository/find.ts", "a policy reads the database"],
    ["src/features/issue/rank.ts", "./policy.ts", "a pure file knows a policy"],
    ["src/features/issue/repository/find.ts", "../service/find.ts", "a repository calls a service"],
    ["src/features/issue/service/move.ts", "../handlers.ts", "a service knows the handlers"],
    ["src/features/stage/repository.ts", "../issue/service/move.ts", "a repository calls another feature's service"],
    ["src/features/stage/handlers.ts", "../issue/handlers.ts", "handlers know those of another feature"],
    ["src/features/issue/service/move.ts", "socket.io", "a service has a socket"],
    ["src/kernel/db.ts", "ioredis", "the kernel knows Redis"],
    ["src/http/routes.ts", "kysely", "a door writes SQL"],
    ["src/features/script/policy.ts", "wasmoon", "a feature runs Lua"],
    ["src/features/script/policy.ts", "croner", "a feature has a clock of its own"],
    ["src/kernel/db.ts", "../../tests/support/world.ts", "the server knows its tests"],
  ];

  test.each(planted)("%s imports %s: %s", (file, imported) => {
    for (const line of [`import { x } from "${imported}";`, `import type {\n  X,\n} from "${imported}";`]) {
      expect(faultsOf({ [file]: line })).not.toEqual([]);
    }
  });

  test("and so does a cycle of features", () => {
    const cycle = {
      "src/features/a/service.ts": 'import { x } from "../b/service.ts";',
      "src/features/b/service.ts": 'import { y } from "../c/repository.ts";',
      "src/features/c/repository.ts": 'import { z } from "../a/columns.ts";',
    };
    expect(faultsOf(cycle)).toEqual(["a", "b", "c"].map((feature) => `feature ${feature} is in a cycle`));
  });

  test("what is allowed does not", () => {
    const allowed = {
      "src/features/stage/service.ts": 'import { x } from "../issue/place.ts"; import { sql } from "kysely";',
      "src/features/issue/service/move.ts": 'import { y } from "./find.ts"; import { z } from "../repository/find.ts";',
      "src/realtime/rooms.ts": 'import { a } from "../commands/authorize.ts"; import { Server } from "socket.io";',
      "src/client/board.ts": 'import type { B } from "../../protocol/index.ts"; import { c } from "./list.ts";',
      "src/bot/bot.ts": 'import { c } from "../client/client.ts"; import { createHash } from "node:crypto";',
      "examples/triage.ts": 'import { createBot } from "../src/bot/index.ts";',
      "src/main.ts": 'import { b } from "./banner.ts"; import "./app.ts";',
      "src/demo.ts": 'import type { App } from "./app.ts";',
    };
    expect(faultsOf(allowed)).toEqual([]);
  });
});
