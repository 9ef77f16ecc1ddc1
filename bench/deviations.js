#!/usr/bin/env node
// How close the tiny checkpoints of tests/fixtures/models come to Hugging Face transformers, as docs/models.md lists it: of the
// checkpoints of each family the largest deviation of a hidden state, relative to the largest value of its layer, on each
// backend, and of the loss on all of them.
//
//   node bench/deviations.js [--backends tensorflow,wasm,cpu] [--models NAME-BEGINS-SO]
//
// The backend wasm takes a BLAS library if it finds one; TOKEN_GEOMETRY_BLAS=off has it multiply by itself.

const { existsSync, readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");
const { parseArgs } = require("node:util");
const { PROJECT, library } = require("./support/library");

const MODELS = join(PROJECT, "tests/fixtures/models");

const { chooseBackend } = library("machine/backend/backend.js");
const { openCheckpoint } = library("machine/checkpoint/checkpoint.js");
const { readNpy } = library("machine/support/npy.js");
const { loadNetwork } = library("model/network.js");
const { runNetwork } = library("model/forward.js");

/** Largest difference, relative to the largest expected value. */
function deviation(actual, expected) {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0) / largest;
}

async function measure(name) {
  const folder = join(MODELS, name);
  const ids = JSON.parse(readFileSync(join(folder, "ids.json"), "utf8"));
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
  const { shape, data } = readNpy(join(folder, "hidden.npy"));
  const size = data.length / shape[0];
  const hidden = Array.from({ length: shape[0] }, (_, layer) => data.subarray(layer * size, (layer + 1) * size));
  if (existsSync(join(folder, "hidden-last.npy"))) hidden.push(readNpy(join(folder, "hidden-last.npy")).data);
  const network = await loadNetwork(openCheckpoint(folder));
  const states = [];
  const { loss } = await runNetwork(network, ids, { onHiddenState: ({ values }) => void states.push(values.slice()) });
  network.dispose();
  const ofStates = states.reduce((most, values, layer) => Math.max(most, deviation(values, hidden[layer])), 0);
  return { states: ofStates, loss: Math.abs(loss - expected.loss) };
}

async function main() {
  const { values } = parseArgs({
    options: {
      backends: { type: "string", default: "tensorflow,wasm,cpu" },
      models: { type: "string", default: "" },
    },
  });
  const backends = values.backends.split(",");
  const names = readdirSync(MODELS).filter((name) => name.startsWith(values.models));
  const families = new Map();
  for (const name of names) families.set(familyOf(name), [...(families.get(familyOf(name)) ?? []), name]);
  const measured = new Map(names.map((name) => [name, []]));
  for (const backend of backends) {
    await chooseBackend(backend);
    for (const name of names) measured.get(name).push(await measure(name));
  }
  const largest = (list) => Math.max(...list).toExponential(1);
  process.stdout.write(`| family | checkpoints | ${backends.join(" | ")} | loss (nats) |\n`);
  process.stdout.write(`|${"---|".repeat(backends.length + 3)}\n`);
  for (const [family, members] of [...families].sort()) {
    const all = members.map((name) => measured.get(name));
    const states = backends.map((_, index) => largest(all.map((ofBackends) => ofBackends[index].states)));
    const loss = largest(all.flat().map((one) => one.loss));
    process.stdout.write(`| ${family} | ${members.length} | ${states.join(" | ")} | ${loss} |\n`);
  }
}

/** The model_type of a checkpoint; those in GGUF files are a family of their own here. */
function familyOf(name) {
  const config = join(MODELS, name, "config.json");
  return existsSync(config) ? JSON.parse(readFileSync(config, "utf8")).model_type : "in GGUF files";
}

main().catch((error) => {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
});
