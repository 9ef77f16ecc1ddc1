import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["lib/src/**/*.test.ts", "tests/**/*.test.ts"],
    pool: "forks",
    // Two cores are the smallest machine we promise to run on; each fork loads a backend of its own.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
