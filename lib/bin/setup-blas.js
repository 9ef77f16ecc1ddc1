#!/usr/bin/env node
// `npm run setup:blas -- --help`. The program itself is lib/src/programs/setup/blasCommand.ts.
require("./start.js").start("programs/setup/blasCommand");
