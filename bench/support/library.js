const { existsSync } = require("node:fs");
const { join, resolve } = require("node:path");

const PROJECT = resolve(__dirname, "../..");

/** The compiled library's module at a path, of this project or of another checkout of it. */
function library(path, project = PROJECT) {
  const dist = join(project, "lib/dist");
  if (!existsSync(dist)) throw new Error(`${dist}: not there; npm run build compiles it`);
  // Checkouts of before the machinery had a folder of its own have it one higher.
  const file = join(dist, path);
  return require(existsSync(file) ? file : join(dist, path.replace(/^machine\//, "")));
}

/** What loads and runs a network. Checkouts of before it had these names have it under others. */
function networkOf(from) {
  const { runModel, runNetwork = runModel } = from("model/forward.js");
  try {
    return { loadNetwork: from("model/network.js").loadNetwork, runNetwork };
  } catch {
    return { loadNetwork: from("model/model.js").loadModel, runNetwork };
  }
}

module.exports = { PROJECT, library, networkOf };
