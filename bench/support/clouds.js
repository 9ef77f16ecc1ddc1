// The clouds that are measured, as .npy files, so that every program gets the same ones.

const { existsSync, mkdirSync } = require("node:fs");
const { join } = require("node:path");
const { library, PROJECT } = require("./library");

const MODEL = join(PROJECT, "data/models/llama-mini");
const LAYER = 6;
const LONGEST = 1024;

/**
 * What a cloud can be like. `tokens` is what the library is for; the others are the hard cases: distances that rounding
 * cannot tell apart, and points that coincide.
 */
const KINDS = {
  tokens: "hidden states of llama-mini (layer 6; other widths by a fixed random projection)",
  outliers:
    "normal, a mean ten times as large, three features thirty times as large, a point a hundred times as far out",
  bfloat16: "tokens, rounded to bfloat16",
  repeated: "tokens, half of the points copies of others",
  lattice: "coordinates of -1, 0 or 1: most distances are equal to others",
  clusters: "32 clusters, ten thousand times as far apart as they are wide",
  "one cluster": "all but four points within a ten thousandth of the distance to those",
};

/** Writes the cloud of a layer and of the one before it into a folder, once; returns their paths. */
async function cloudFiles(folder, kind, points, dimension) {
  const files = ["cloud", "previous"].map((part) => join(folder, `${kind}-${points}-${dimension}-${part}.npy`));
  if (files.every((file) => existsSync(file))) return { cloud: files[0], previous: files[1] };
  mkdirSync(folder, { recursive: true });
  const { writeNpy } = library("machine/support/npy.js");
  const layers = await makeLayers(kind, points, dimension);
  layers.forEach((values, i) => void writeNpy(files[i], [points, dimension], [values]));
  return { cloud: files[0], previous: files[1] };
}

/** The points of a layer and of the one before. */
async function makeLayers(kind, points, dimension) {
  if (["tokens", "bfloat16", "repeated"].includes(kind)) {
    const { roundTo } = library("machine/experiment/precision.js");
    const layers = await tokenLayers(points, dimension);
    if (kind === "bfloat16") return layers.map((values) => roundTo("bfloat16", values));
    if (kind === "repeated") for (const values of layers) values.copyWithin(0, Math.floor(points / 2) * dimension);
    return layers;
  }
  return ["this", "previous"].map((layer) => MADE[kind](points, dimension, normalGenerator(`${kind} ${layer}`)));
}

const MADE = {
  outliers(points, dimension, normal) {
    const means = Float64Array.from({ length: dimension }, (_, i) => 10 * normal() * (i % 100 === 7 ? 3 : 1));
    return fill(points, dimension, (point, column) => {
      const size = (column < 3 ? 30 : 1) * (point === 0 ? 100 : 1);
      return means[column] + size * normal();
    });
  },
  lattice: (points, dimension, normal) =>
    fill(points, dimension, () => Math.max(-1, Math.min(1, Math.round(0.4 * normal())))),
  clusters(points, dimension, normal) {
    const centers = Float64Array.from({ length: 32 * dimension }, normal);
    return fill(points, dimension, (point, column) => centers[(point % 32) * dimension + column] + 1e-4 * normal());
  },
  "one cluster"(points, dimension, normal) {
    return fill(points, dimension, (point) => (point < 4 ? 1 : 1e-4) * normal());
  },
};

function fill(points, dimension, value) {
  const values = new Float32Array(points * dimension);
  for (let i = 0; i < values.length; i++) values[i] = value(Math.floor(i / dimension), i % dimension);
  return values;
}

/** Two consecutive hidden states; of more tokens than the model reads at once, from several prompts. */
async function tokenLayers(points, dimension) {
  const states = await hiddenStates(points);
  const width = states[0].length / points;
  if (width === dimension) return states;
  const normal = normalGenerator("projection");
  const projection = Float32Array.from({ length: width * dimension }, () => normal() / Math.sqrt(width));
  return states.map((values) => {
    const projected = new Float32Array(points * dimension);
    for (let point = 0; point < points; point++) {
      const row = projected.subarray(point * dimension, (point + 1) * dimension);
      for (let i = 0; i < width; i++) {
        const value = values[point * width + i];
        for (let column = 0; column < dimension; column++) row[column] += value * projection[i * dimension + column];
      }
    }
    return projected;
  });
}

async function hiddenStates(points) {
  const { chooseBackend } = library("machine/backend/backend.js");
  const { openCheckpoint } = library("machine/checkpoint/checkpoint.js");
  const { loadNetwork } = library("model/network.js");
  const { runNetwork } = library("model/forward.js");
  const { loadPrompts } = library("prompts/prompts.js");
  const { loadTokenizer } = library("tokens/tokenizer.js");
  await chooseBackend("wasm"); // The same clouds wherever this runs.
  const checkpoint = openCheckpoint(MODEL);
  const model = await loadNetwork(checkpoint);
  const tokenizer = loadTokenizer(checkpoint.path);
  const pieces = [[], []];
  let left = points;
  for (const { text } of await loadPrompts("embedded")) {
    const ids = tokenizer.encode(text).slice(0, Math.min(left, LONGEST));
    left -= ids.length;
    const onHiddenState = ({ values }, layer) => {
      if (layer === LAYER || layer === LAYER - 1) pieces[LAYER - layer].push(Float32Array.from(values));
    };
    await runNetwork(model, ids, { onHiddenState });
    if (left === 0) break;
  }
  model.dispose();
  return pieces.map((parts) => Float32Array.from(parts.flatMap((part) => Array.from(part))));
}

/** Normally distributed numbers (Box and Muller), the same for the same seed. */
function normalGenerator(seed) {
  const random = library("machine/support/random.js").randomGenerator(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

module.exports = { KINDS, cloudFiles };
