#!/usr/bin/env node
// `npm run doctor -- --help`. The program itself is lib/src/programs/doctor/doctor.ts.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const program = join(__dirname, "..", "dist", "programs", "doctor", "doctor.js");
if (existsSync(program)) {
  require(program).main(process.argv.slice(2));
} else {
  process.stderr.write("error: the library is not built yet; run `npm ci` once, then `npm run build`\n");
  process.exitCode = 1;
}
