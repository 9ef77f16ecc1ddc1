#!/usr/bin/env node
// Reads many damaged files with every reader; tests/hostileInput.campaign.test.ts with more inputs.
//
//   npm run fuzz -- [--inputs 10000] [--seed N] [--only safetensors,torch]
//
// --inputs is the number over all readers; --seed is today's date unless given. A defect's files are left in out/hostile.

const { spawnSync } = require("node:child_process");
const { join } = require("node:path");
const { parseArgs } = require("node:util");

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "10000" },
    seed: { type: "string", default: new Date().toISOString().slice(0, 10).replaceAll("-", "") },
    only: { type: "string" },
  },
});
console.log(`seed ${values.seed}`);
const project = join(__dirname, "../..");
const { status } = spawnSync(
  process.execPath,
  [
    join(project, "node_modules/vitest/vitest.mjs"),
    "run",
    "tests/hostileInput.campaign.test.ts",
    "--reporter",
    "verbose",
  ],
  {
    cwd: project,
    stdio: "inherit",
    env: {
      ...process.env,
      TOKEN_GEOMETRY_FUZZ_INPUTS: values.inputs,
      TOKEN_GEOMETRY_FUZZ_SEED: values.seed,
      ...(values.only && { TOKEN_GEOMETRY_FUZZ_ONLY: values.only }),
    },
  },
);
process.exitCode = status ?? 1;
