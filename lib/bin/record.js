#!/usr/bin/env node
// `npm run record -- --help`. The program itself is lib/src/programs/record/command.ts.
require("./start.js").start("programs/record/command", [process.argv.slice(2)], { needsAll: true });
