#!/usr/bin/env node
// What an experiment costs from the prompts' text to the results in the store (a temporary one), in seconds: by number of
// prompts, by number of layers, and by number of workers. Beside two workers run two experiments of half the prompts at the
// same time: what the machine gives two processes that know nothing of each other.
//
//   node bench/endToEnd.js [--quick] [--rounds 3] [--backends tensorflow,wasm+blas,wasm] [--prompts 16] [--json]
//
// The model is data/models/llama-mini; of one with fewer layers, the first ones. One worker has one thread, and so has each of
// two; the garbage collector of one takes what it likes of a second core, unless the process is held to one (taskset, where
// there is one). Runs that are compared take turns; the best of the rounds counts, of the wall clock and of the processor
// (that of workers only on Linux).

const { execFile, spawnSync } = require("node:child_process");
const { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { availableParallelism, tmpdir } = require("node:os");
const { join } = require("node:path");
const { parseArgs, promisify } = require("node:util");
const { BACKENDS, ONE_THREAD, whyLeftOut } = require("./support/contender");
const { PROJECT } = require("./support/library");
const { printTable } = require("./support/table");

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    backends: { type: "string", default: "tensorflow,wasm+blas,wasm" },
    prompts: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const MODEL = join(PROJECT, "data/models/llama-mini");
const TOKENS = options.quick ? 64 : 1024;
const PROMPTS = Number(options.prompts ?? (options.quick ? 2 : 16));
const LAYERS = options.quick ? [1, 2] : [3, 6, 9, 12];
const CAN_PIN = spawnSync("taskset", ["-c", "0", "true"]).status === 0;

/** llama-mini with its first layers only. */
function modelOf(layers, folder) {
  const config = JSON.parse(readFileSync(join(MODEL, "config.json"), "utf8"));
  if (layers === config.num_hidden_layers) return MODEL;
  const model = join(folder, `llama-mini-${layers}`);
  cpSync(MODEL, model, { recursive: true });
  writeFileSync(join(model, "config.json"), JSON.stringify({ ...config, num_hidden_layers: layers }));
  return model;
}

/** Each run is of all 12 layers on one worker, but for what the part is about. */
function planRuns() {
  const counts = [1 / 8, 1 / 4, 1 / 2, 1].map((share) => Math.ceil(share * PROMPTS));
  return {
    prompts: [...new Set(counts)].map((prompts) => ({ prompts, layers: 12, workers: 1 })),
    layers: LAYERS.map((layers) => ({ prompts: Math.ceil(PROMPTS / 4), layers, workers: 1 })),
    workers: [
      ...(CAN_PIN ? [{ prompts: 3 * PROMPTS, layers: 12, workers: 1, pinned: true }] : []),
      { prompts: 3 * PROMPTS, layers: 12, workers: 1 },
      { prompts: 3 * PROMPTS, layers: 12, workers: 2 },
      { prompts: (3 * PROMPTS) / 2, layers: 12, workers: 1, processes: 2 },
    ],
  };
}

function describeRun({ prompts, layers, workers, processes, pinned }) {
  const many = `${prompts} prompts, ${layers} layers, ${workers} worker${workers > 1 ? "s" : ""}`;
  return `${many}${processes > 1 ? ", twice at once" : ""}${pinned ? ", held to one core" : ""}`;
}

/** Runs an experiment, with an empty store, so many times at once; returns how long all of them took. */
async function run({ processes = 1, ...planned }, name, folder) {
  const answers = await Promise.all(Array.from({ length: processes }, () => runOnce(planned, name, folder)));
  const seconds = Math.max(...answers.map((answer) => answer.seconds));
  const processor = answers.reduce((sum, answer) => sum + answer.processor, 0);
  return { seconds, processor, backend: answers[0].backend };
}

async function runOnce({ prompts, layers, workers, pinned }, name, folder) {
  const { backend, env } = BACKENDS[name];
  const store = mkdtempSync(join(folder, "store-"));
  const settings = { models: [modelOf(layers, folder)], promptCount: prompts, shuffleIndices: [0], tokens: TOKENS };
  const request = JSON.stringify({ settings, options: { store, workers, backend } });
  const program = [process.execPath, join(__dirname, "endToEndWorker.js"), request];
  const [command, ...rest] = pinned ? ["taskset", "-c", "0", ...program] : program;
  const { stdout } = await promisify(execFile)(command, rest, {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2", ...ONE_THREAD, ...env },
  });
  rmSync(store, { recursive: true });
  return JSON.parse(stdout);
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "bench-end-to-end-"));
  const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
  const results = [];
  const programs = {};
  try {
    for (const name of await workingBackends(folder, programs)) {
      for (const [part, runs] of Object.entries(planRuns())) {
        const answers = runs.map(() => []);
        for (let round = 0; round < rounds; round++) {
          for (const [i, planned] of runs.entries()) answers[i].push(await run(planned, name, folder));
        }
        runs.forEach((planned, i) => {
          const seconds = Math.min(...answers[i].map((answer) => answer.seconds));
          const processor = Math.min(...answers[i].map((answer) => answer.processor));
          results.push({ part, name, ...planned, seconds, processor });
        });
        const measured = results.filter((result) => result.part === part && result.name === name);
        const rows = measured.map((result) => {
          const { prompts, processes = 1, seconds, processor } = result;
          return [describeRun(result), seconds, processor, (processes * prompts) / seconds];
        });
        printTable(`${name}, by ${part}`, ["", "seconds", "of the processor", "prompts a second"], rows);
      }
    }
    const facts = { model: "llama-mini", tokens: TOKENS, rounds, cores: availableParallelism(), programs };
    if (options.json) console.log(JSON.stringify({ ...facts, results }, null, 2));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The backends of those asked for that work; notes what they are. */
async function workingBackends(folder, programs) {
  const working = [];
  for (const name of options.backends.split(",")) {
    if (!BACKENDS[name]) throw new Error(`unknown backend ${name}: ${Object.keys(BACKENDS)}`);
    try {
      programs[name] = (await run({ prompts: 1, layers: LAYERS[0], workers: 1 }, name, folder)).backend;
      const why = whyLeftOut(name, programs[name]);
      if (why) throw new Error(why);
      working.push(name);
    } catch (error) {
      delete programs[name];
      console.error(`left out: ${error.message.trim().split("\n").slice(0, 4).join(" | ")}`);
    }
  }
  return working;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
