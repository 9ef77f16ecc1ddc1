#!/usr/bin/env node
// `npm run setup:tensorflow -- --help`. The program itself is lib/src/programs/setup/command.ts.
require("./start.js").start("programs/setup/command");
