#!/usr/bin/env node
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const program = join(__dirname, "../dist/programs/cli/main.js");
if (!existsSync(program)) {
  process.stderr.write("error: the library has not been built yet; run: npm run build\n");
  process.exit(1);
}
require(program).main(process.argv);
