#!/usr/bin/env node
// `npm run gallery -- --help`. The program itself is lib/src/programs/gallery/command.ts.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const program = join(__dirname, "..", "dist", "programs", "gallery", "command.js");
if (existsSync(program)) {
  require(program).main(process.argv.slice(2));
} else {
  process.stderr.write("error: the library is not built yet; run `npm ci` once, then `npm run build`\n");
  process.exitCode = 1;
}
