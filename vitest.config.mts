import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const CAMPAIGNS = ["lib/src/**/*.campaign.test.ts", "tests/**/*.campaign.test.ts"];
/** Those that run on each backend. */
const ON_BACKENDS = ["lib/src", "tests"]
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)))
  .filter((file) => /(?<!\.campaign)\.test\.ts$/.test(file) && readFileSync(file, "utf8").includes("support/backends"));

const shared = { testTimeout: 120_000, hookTimeout: 120_000, pool: "forks" as const };

export default defineConfig({
  test: {
    // Two cores are the smallest machine we promise to run on; each fork loads a backend of its own.
    maxWorkers: 2,
    projects: [
      {
        // What is run before a commit.
        test: {
          ...shared,
          name: "tests",
          include: ["lib/src/**/*.test.ts", "tests/**/*.test.ts"],
          exclude: CAMPAIGNS,
          env: { TOKEN_GEOMETRY_TEST_BACKENDS: "tensorflow,wasm,cpu" },
        },
      },
      {
        // The same on the backend "webgpu" (with `-t webgpu`), whose adapter may be software: minutes instead of seconds.
        test: {
          ...shared,
          name: "webgpu",
          include: ON_BACKENDS,
          env: { TOKEN_GEOMETRY_TEST_BACKENDS: "webgpu" },
        },
      },
      {
        // Browsers, Slurm, kills, whole notebooks, the README's commands: minutes each.
        test: { ...shared, name: "campaigns", include: CAMPAIGNS },
      },
    ],
  },
});
