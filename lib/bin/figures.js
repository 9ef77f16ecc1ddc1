#!/usr/bin/env node
// Executes the notebooks: `npm run figures -- --help`. The program itself is lib/src/programs/cli/figures.ts.
require("./start.js").start("programs/cli/figures", [process.argv.slice(2)], { needsAll: true });
