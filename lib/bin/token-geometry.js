#!/usr/bin/env node
// `npx token-geometry --help`. The program itself is lib/src/programs/cli/main.ts.
require("./start.js").start("programs/cli/main", [process.argv]);
