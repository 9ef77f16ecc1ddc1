#!/usr/bin/env node
// `npm run lab -- --help`. The program itself is lib/src/programs/doctor/lab.ts.
require("./start.js").start("programs/doctor/lab", [process.argv.slice(2)], { needsAll: true });
