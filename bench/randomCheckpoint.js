// Checkpoints of any shape with random weights, for measuring: speed and memory do not depend on what a model has learned.

const { closeSync, mkdirSync, openSync, writeFileSync, writeSync } = require("node:fs");
const { join } = require("node:path");

const { library } = require("./support/library");

/** The architecture that a config.json describes. */
function architectureOf(config) {
  const { FAMILIES } = library("model/families.js");
  const { CheckpointConfig } = library("machine/checkpoint/config.js");
  const family = FAMILIES.find(({ modelType }) => modelType === config.model_type);
  return family.architecture(new CheckpointConfig(config, "config"), new Set());
}

/** Writes config.json and a safetensors file of random bfloat16 weights: patterns of a prime length, repeated. */
function writeRandomCheckpoint(folder, config) {
  const architecture = architectureOf(config);
  const parts = [architecture.embeddingWeights, architecture.finalWeights, architecture.headWeights];
  for (let layer = 0; layer < architecture.layers; layer++) {
    parts.push(architecture.blockWeights(layer));
    const experts = architecture.mixture?.(layer)?.count ?? 0;
    for (let expert = 0; expert < experts; expert++) parts.push(architecture.expertWeights(layer, expert));
  }
  const shapes = Object.fromEntries(
    parts.flatMap((part) => Object.values(part).map(({ name, shape }) => [name, shape])),
  );
  const header = {};
  let offset = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = 2 * shape.reduce((product, dimension) => product * dimension, 1);
    header[name] = { dtype: "BF16", shape, data_offsets: [offset, offset + size] };
    offset += size;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, "model.safetensors"), "w");
  writeSync(file, length);
  writeSync(file, text);
  for (const [name, shape] of Object.entries(shapes)) {
    const pattern = patternOf(name, shape);
    let left = 2 * shape.reduce((product, dimension) => product * dimension, 1);
    while (left > 0) left -= writeSync(file, pattern, 0, Math.min(left, pattern.length));
  }
  closeSync(file);
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
}

/** Norms scale by 1, biases are small, and a product keeps the size of what goes into it. */
function patternOf(name, shape) {
  if (name.endsWith("bias")) return randomWeights(65537, 0.02);
  if (shape.length === 1) return Buffer.from(new Uint16Array(65537).fill(0x3f80).buffer);
  return randomWeights(4194301, shape[1] ** -0.5);
}

function randomWeights(count, deviation) {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const wide = Float32Array.from({ length: count }, () => deviation * Math.sqrt(3) * (2 * uniform() - 1));
  const bits = new Uint32Array(wide.buffer);
  return Buffer.from(Uint16Array.from(bits, (value) => value >>> 16).buffer);
}

module.exports = { architectureOf, writeRandomCheckpoint };
