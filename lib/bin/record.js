#!/usr/bin/env node
// `npm run record -- --help`. The program itself is lib/src/programs/record/command.ts.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const program = join(__dirname, "..", "dist", "programs", "record", "command.js");
if (existsSync(program)) {
  require(program).main(process.argv.slice(2));
} else {
  process.stderr.write("error: the library is not built yet; run `npm ci` once, then `npm run build`\n");
  process.exitCode = 1;
}
