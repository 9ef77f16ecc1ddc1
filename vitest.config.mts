import { defineConfig } from "vitest/config";

const CAMPAIGNS = ["lib/src/**/*.campaign.test.ts", "tests/**/*.campaign.test.ts"];
const shared = { testTimeout: 120_000, hookTimeout: 120_000, pool: "forks" as const };

export default defineConfig({
  test: {
    // Two cores are the smallest machine we promise to run on; each fork loads a backend of its own.
    maxWorkers: 2,
    projects: [
      {
        // What is run before a commit.
        test: { ...shared, name: "tests", include: ["lib/src/**/*.test.ts", "tests/**/*.test.ts"], exclude: CAMPAIGNS },
      },
      {
        // Browsers, Slurm, kills, whole notebooks, the README's commands: minutes each.
        test: { ...shared, name: "campaigns", include: CAMPAIGNS },
      },
    ],
  },
});
