#!/usr/bin/env node
// Kills many runs at random instants; tests/survival.campaign.test.ts with more kills. About 30 kills a minute on two cores.
//
//   npm run survive -- [--kills 300] [--seed N]
//
// --seed is today's date unless given.

const { spawnSync } = require("node:child_process");
const { join } = require("node:path");
const { parseArgs } = require("node:util");

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "300" },
    seed: { type: "string", default: new Date().toISOString().slice(0, 10).replaceAll("-", "") },
  },
});
console.log(`seed ${values.seed}`);
const project = join(__dirname, "../..");
const vitest = join(project, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "tests/survival.campaign.test.ts", "--testNamePattern", "kill -9", "--reporter", "verbose"],
  {
    cwd: project,
    stdio: "inherit",
    env: { ...process.env, TOKEN_GEOMETRY_KILLS: values.kills, TOKEN_GEOMETRY_KILL_SEED: values.seed },
  },
);
process.exitCode = status ?? 1;
