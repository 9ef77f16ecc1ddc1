#!/usr/bin/env node
// What the precision of a model's weights does to everything that is measured: the same prompts through the same model in other
// types, beside a reference. The other files are made by tests/fixtures/make/requantize.py, or are what people pass around.
//
//   node bench/precision.js --reference FILE.gguf --models OTHER.gguf,OTHER.gguf [--count 12] [--tokens 1024] [--layers 5,12,20,29]
//                           [--backend tensorflow] [--json]
//
// For each file: by how much loss and entropy move (nats), dimensions (relative, the mean of absolute differences over prompts and
// layers, and their mean with its sign), cosine similarity, and which share of a token's 2 and 30 nearest neighbors is still there.

const { parseArgs } = require("node:util");
const { library } = require("./support/library");
const { printTable } = require("./support/table");

const { values: options } = parseArgs({
  options: {
    reference: { type: "string" },
    models: { type: "string" },
    count: { type: "string", default: "12" },
    tokens: { type: "string", default: "1024" },
    layers: { type: "string", default: "5,12,20,29" },
    backend: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const SCALINGS = [2, 8, 64];
const NEIGHBORS = [2, 30];

const { chooseBackend } = library("machine/backend/backend.js");
const { openCheckpoint } = library("machine/checkpoint/checkpoint.js");
const { LayerCloud } = library("geometry/layerCloud.js");
const { measureLayer } = library("geometry/metrics.js");
const { neighborhoodOverlap } = library("geometry/neighborhoodOverlap.js");
const { runNetwork } = library("model/forward.js");
const { loadNetwork } = library("model/network.js");
const { loadPrompts } = library("prompts/prompts.js");
const { tokenizePrompts } = library("tokens/tokenizedPrompts.js");
const { loadTokenizer } = library("tokens/tokenizer.js");

/** Everything that is compared of the prompts under one model. */
async function measure(path, prompts, layers) {
  const model = await loadNetwork(openCheckpoint(path));
  const measured = [];
  for (const { name, ids } of prompts) {
    const clouds = [];
    const summary = await runNetwork(model, ids, {
      async onHiddenState(vectors, layer) {
        if (!layers.includes(layer)) return;
        const cloud = new LayerCloud(vectors, name);
        clouds.push({ geometry: await measureLayer(cloud), neighbors: await cloud.neighbors() });
        await cloud.release();
      },
    });
    measured.push({ ...summary, clouds });
  }
  model.dispose();
  return measured;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const idAt = ({ geometry }, n2) => geometry.intrinsicDimension.find(({ scaling }) => scaling === n2).id;

/** How a model differs from the reference. */
function compare(reference, other) {
  const pairs = reference.flatMap(({ clouds }, prompt) => clouds.map((cloud, i) => [cloud, other[prompt].clouds[i]]));
  const moved = (n2) => pairs.map(([a, b]) => idAt(b, n2) / idAt(a, n2) - 1);
  const of = (quantity) => other.map((result, prompt) => result[quantity] - reference[prompt][quantity]);
  return {
    loss: mean(of("loss")),
    entropy: mean(of("meanEntropy")),
    dimension: SCALINGS.map((n2) => ({
      n2,
      absolute: mean(moved(n2).map(Math.abs)),
      signed: mean(moved(n2)),
      largest: Math.max(...moved(n2).map(Math.abs)),
    })),
    cosine: mean(pairs.map(([a, b]) => Math.abs(b.geometry.cosineSimilarity.mean - a.geometry.cosineSimilarity.mean))),
    kept: NEIGHBORS.map((k) => mean(pairs.map(([a, b]) => neighborhoodOverlap(a.neighbors, b.neighbors, k)))),
  };
}

async function main() {
  if (!options.reference || !options.models) throw new Error("name --reference and --models");
  await chooseBackend(options.backend);
  const layers = options.layers.split(",").map(Number);
  const loaded = await loadPrompts("embedded", Number(options.count));
  const prompts = tokenizePrompts(loadTokenizer(options.reference), loaded, Number(options.tokens));
  const reference = await measure(options.reference, prompts, layers);
  const rows = [];
  for (const path of options.models.split(",")) {
    const { name, weights } = openCheckpoint(path);
    rows.push({ name, weights, ...compare(reference, await measure(path, prompts, layers)) });
    console.error(`${name}: done`);
  }
  const percent = (value) => `${(100 * value).toFixed(2)} %`;
  const title = `${prompts.length} prompts of ${options.tokens} tokens, layers ${options.layers}; beside ${openCheckpoint(options.reference).name}`;
  printTable(
    title,
    [
      "weights",
      "loss",
      "entropy",
      ...SCALINGS.map((n2) => `ID, n2 = ${n2}`),
      "cosine",
      ...NEIGHBORS.map((k) => `${k} kept`),
    ],
    rows.map(({ name, loss, entropy, dimension, cosine, kept }) => [
      name,
      loss.toFixed(4),
      entropy.toFixed(4),
      ...dimension.map(({ absolute, signed }) => `${percent(absolute)} (${percent(signed)})`),
      cosine.toFixed(4),
      ...kept.map(percent),
    ]),
  );
  if (options.json)
    console.log(JSON.stringify({ prompts: prompts.length, tokens: Number(options.tokens), layers, rows }, null, 2));
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
