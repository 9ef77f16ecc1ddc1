#!/usr/bin/env node
// Compiles lib/src into lib/dist: `npm run build`. Says in one line what is missing, where the compiler would end in a trace.
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");
const { nodeProblem } = require("./node.js");
const { describeMissing, missingPackages, neededToRun } = require("./packages.js");

const ROOT = join(__dirname, "..", "..");

function problem() {
  const missing = missingPackages(ROOT, neededToRun);
  return nodeProblem() ?? (missing.length > 0 ? describeMissing(missing) : undefined);
}

const found = problem();
if (found) {
  process.stderr.write(`error: ${found}\n`);
  process.exitCode = 1;
} else {
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [compiler, "--build", "lib"], { cwd: ROOT, stdio: "inherit" });
  process.exitCode = status ?? 1;
}
