import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: "tests/support/setup.ts",
    // Each file has an app, a database and sockets of its own; two cores gain nothing from more files at once.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // How long something may take to show on a busy machine; nothing is judged by it.
    expect: { poll: { timeout: 10_000 } },
  },
});
