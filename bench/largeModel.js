#!/usr/bin/env node
// A model that does not fit into memory: makes a checkpoint of a real model's shape with random weights (fewer layers unless
// told otherwise), runs prompts through it with a small memory budget, and prints peak memory, bytes read and time a layer.
//
//   node bench/largeModel.js [--shape llama-3-8b] [--layers 4] [--prompts 2] [--tokens 1024] [--memory 2] [--backend auto]
//                            [--folder DIR] [--keep]
//
// Shapes: llama-3-8b (bfloat16; needs 2.2 GB of disk and 0.44 GB more for each layer), llama-3-8b-q4_k_m (a GGUF file; 0.7 GB
// and 0.13 GB a layer) and mixtral-8x7b (bfloat16, 8 experts; 0.5 GB and 2.9 GB a layer). What it made it removes, unless --keep.

const { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { parseArgs } = require("node:util");
const { writeRandomCheckpoint } = require("./randomCheckpoint.js");
const { writeRandomGguf } = require("./randomGguf.js");
const { library } = require("./support/library");

const { values } = parseArgs({
  options: {
    shape: { type: "string", default: "llama-3-8b" },
    layers: { type: "string", default: "4" },
    prompts: { type: "string", default: "2" },
    tokens: { type: "string", default: "1024" },
    memory: { type: "string", default: "2" },
    backend: { type: "string", default: "auto" },
    folder: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});

const LLAMA_3 = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 4096,
  intermediate_size: 14336,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  num_hidden_layers: Number(values.layers),
  vocab_size: 128256,
  rms_norm_eps: 1e-5,
  rope_theta: 500000,
  max_position_embeddings: 8192,
  hidden_act: "silu",
  tie_word_embeddings: false,
};

const MIXTRAL = {
  ...LLAMA_3,
  architectures: ["MixtralForCausalLM"],
  model_type: "mixtral",
  vocab_size: 32000,
  rope_theta: 1000000,
  max_position_embeddings: 32768,
  num_local_experts: 8,
  num_experts_per_tok: 2,
};

const SHAPES = {
  "llama-3-8b": { config: LLAMA_3, write: writeRandomCheckpoint },
  "llama-3-8b-q4_k_m": { config: LLAMA_3, write: writeRandomGguf },
  "mixtral-8x7b": { config: MIXTRAL, write: writeRandomCheckpoint },
};

/** A number of this process out of /proc (Linux), in bytes. */
function procNumber(file, label, unit) {
  if (!existsSync(file)) return Number.NaN;
  return Number(new RegExp(`${label}:\\s*(\\d+)`).exec(readFileSync(file, "utf8"))?.[1]) * unit;
}

async function main() {
  const { chooseBackend, describeBackend } = library("machine/backend/backend.js");
  const { openCheckpoint } = library("machine/checkpoint/checkpoint.js");
  const { loadNetwork, weightBytes } = library("model/network.js");
  const { measurePrompts } = library("machine/experiment/measurePrompt.js");

  if (!Object.hasOwn(SHAPES, values.shape))
    throw new Error(`unknown shape ${values.shape}: choose of ${Object.keys(SHAPES).join(", ")}`);
  const { config, write } = SHAPES[values.shape];
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), "large-model-"));
  if (!existsSync(folder) || readdirSync(folder).length === 0) write(folder, config);

  const budget = Number(values.memory) * 2 ** 30;
  const backend = await chooseBackend(values.backend);
  console.error(describeBackend(backend));
  const checkpoint = openCheckpoint(folder);
  const model = await loadNetwork(checkpoint, { memory: budget / 2 });
  const tokens = Number(values.tokens);
  const batch = Array.from({ length: Number(values.prompts) }, (_, prompt) =>
    Array.from({ length: tokens }, (_, position) => (position * 7919 + prompt * 104729) % config.vocab_size),
  );
  const startedReading = procNumber("/proc/self/io", "rchar", 1);
  const started = performance.now();
  let before = started;
  const layerSeconds = [];
  const withBlock = model.withBlock.bind(model);
  model.withBlock = async (layer, use) => {
    const result = await withBlock(layer, use);
    const now = performance.now();
    layerSeconds.push((now - before) / 1000);
    before = now;
    console.error(
      `layer ${layer + 1}: ${layerSeconds.at(-1).toFixed(1)} s, peak RSS ${gibibytes(procNumber("/proc/self/status", "VmHWM", 1024))}`,
    );
    return result;
  };
  const results = await measurePrompts(model, batch, { memory: budget / 4 });
  const { architecture } = model;
  const report = {
    shape: values.shape,
    backend: backend.name,
    layers: architecture.layers,
    prompts: batch.length,
    tokens,
    resident: model.resident,
    weightsAsFloat32: gibibytes(weightBytes(architecture)),
    budget: gibibytes(budget),
    peakRSS: gibibytes(procNumber("/proc/self/status", "VmHWM", 1024)),
    read: gibibytes(procNumber("/proc/self/io", "rchar", 1) - startedReading),
    secondsPerLayer: Number((layerSeconds.reduce((sum, seconds) => sum + seconds, 0) / layerSeconds.length).toFixed(2)),
    seconds: Number(((performance.now() - started) / 1000).toFixed(1)),
    loss: results.map(({ loss }) => loss),
    lastLayerID: results.map(({ layers }) => layers.at(-1).intrinsicDimension[0].id),
  };
  console.log(JSON.stringify(report, null, 2));
  model.dispose();
  if (!values.keep) rmSync(folder, { recursive: true });
}

function gibibytes(bytes) {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
