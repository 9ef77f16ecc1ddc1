#!/usr/bin/env node
require("../dist/setup/command").main();
