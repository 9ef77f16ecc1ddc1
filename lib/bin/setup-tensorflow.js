#!/usr/bin/env node
require("../dist/programs/setup/command").main();
