#!/usr/bin/env node
// `npm run doctor -- --help`. The program itself is lib/src/programs/doctor/doctor.ts.
require("./start.js").start("programs/doctor/doctor", [process.argv.slice(2)]);
