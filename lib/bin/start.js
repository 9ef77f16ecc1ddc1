// Starts a program of lib/dist, or says in one line why it cannot be.
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { dependencies } = require("../../package.json");
const { nodeProblem } = require("./node.js");
const { describeMissing, missingPackages } = require("./packages.js");

const DIST = join(__dirname, "..", "dist");

/**
 * @param program below lib/dist, with a function `main`
 * @param args what it is called with
 * @param needsAll whether it can do nothing where a package is missing, as one that draws
 */
function start(program, args = [], { needsAll = false } = {}) {
  if (nodeProblem()) return fail(nodeProblem());
  const file = join(DIST, `${program}.js`);
  if (!existsSync(file)) return fail("the library is not built yet; run `npm ci` once, then `npm run build`");
  const missing = () => missingPackages(undefined, (name) => name in dependencies);
  if (needsAll && missing().length > 0) return fail(describeMissing(missing()));
  try {
    require("../dist/machine/support/output.js").guardOutput();
    require(file).main(...args);
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND" || missing().length === 0) throw error;
    fail(describeMissing(missing()));
  }
}

function fail(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exitCode = 1;
}

module.exports = { start };
