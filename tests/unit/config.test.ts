import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../../src/kernel/config.ts";

const secret = "s".repeat(32);
const folder = () => mkdtempSync(path.join(tmpdir(), "rhythm-config-"));

const faultOf = (env: Record<string, string>): string => {
  try {
    readConfig(env);
    return "";
  } catch (error) {
    return String(error);
  }
};

const bad: [string, Record<string, string>][] = [
  ["PORT", { PORT: "http" }],
  ["PORT", { PORT: "65536" }],
  ["PORT", { PORT: "-1" }],
  ["DATABASE_URL", { DATABASE_URL: "mysql://localhost/x", JWT_SECRET: secret }],
  ["DATABASE_URL", { DATABASE_URL: "localhost:5432", JWT_SECRET: secret }],
  ["REDIS_URL", { REDIS_URL: "http://localhost" }],
  ["JWT_SECRET", { JWT_SECRET: "short" }],
  ["JWT_SECRET", { DATABASE_URL: "postgres://localhost/x" }],
  ["JWT_SECRET", { NODE_ENV: "production" }],
  ["JWT_PREVIOUS_SECRET", { JWT_PREVIOUS_SECRET: "short" }],
  ["CORS_ORIGINS", { CORS_ORIGINS: "board.example" }],
  ["CORS_ORIGINS", { CORS_ORIGINS: "https://board.example/" }],
  ["TRUST_PROXY", { TRUST_PROXY: "yes" }],
  ["LOG_LEVEL", { LOG_LEVEL: "loud" }],
  ["SEED_DEMO", { SEED_DEMO: "maybe" }],
  ["SEED_DEMO", { SEED_DEMO: "true", DATABASE_URL: "postgres://localhost/x", JWT_SECRET: secret }],
  ["NODE_ENV", { NODE_ENV: "staging" }],
  ["ACCESS_TTL_SECONDS", { ACCESS_TTL_SECONDS: "0" }],
  ["REFRESH_TTL_SECONDS", { REFRESH_TTL_SECONDS: "7d" }],
];

test.each(bad)("a wrong %s is named, with what was seen and what is needed: %o", (name, env) => {
  expect(faultOf({ DATA_DIR: folder(), ...env })).toMatch(new RegExp(`${name}: saw .+, need .+`));
});

test("all faults come in one message, and secrets are not in it", () => {
  const fault = faultOf({
    PORT: "x",
    JWT_SECRET: "my-short-secret",
    LOG_LEVEL: "loud",
    DATABASE_URL: "mysql://me:hush@db",
  });

  expect(fault).toMatch(/4 settings are wrong/);
  expect(fault).toMatch(/PORT: saw "x".*\n.*DATABASE_URL: saw 18 bytes.*\n.*JWT_SECRET: saw 15 bytes.*\n.*LOG_LEVEL/);
  expect(fault).not.toMatch(/my-short-secret|hush/);
});

test("without a secret one is made, kept, and readable by us only", () => {
  const env = { DATA_DIR: folder() };

  const first = readConfig(env);
  const second = readConfig(env);

  const file = path.join(env.DATA_DIR, "jwt.secret");
  expect(first.JWT_SECRET.length).toBeGreaterThanOrEqual(32);
  expect(second.JWT_SECRET).toBe(first.JWT_SECRET);
  expect(readFileSync(file, "utf8")).toBe(first.JWT_SECRET);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("an empty variable counts as unset, and demo data needs an embedded database outside production", () => {
  const embedded = readConfig({ DATA_DIR: folder(), PORT: "", DATABASE_URL: "" });
  const external = readConfig({ DATABASE_URL: "postgres://localhost/x", JWT_SECRET: secret });

  expect(embedded).toMatchObject({ PORT: 3000, SEED_DEMO: true, CORS_ORIGINS: [] });
  expect(external.SEED_DEMO).toBe(false);
});
