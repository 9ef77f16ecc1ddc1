#!/usr/bin/env node
// The forward pass, side by side: hidden states of all layers, loss and entropy of one prompt, on each backend and, if a Python
// with PyTorch is named, by PyTorch (bench/peers/forward.py). Each contender is a process of its own; they take turns, run
// by run, so that whatever else the machine does meets all of them. The first pass of a turn is not counted: caches and
// threads have to wake up after the turns of the others, which they need not in an experiment.
//
//   node bench/forward.js [--models llama-mini,gpt2-small] [--backends tensorflow,wasm+blas,wasm] [--tokens 1024]
//                         [--threads 1] [--runs 9] [--peers PYTHON] [--against CLONE] [--json]
//
// --models   embedded models, folders with a checkpoint, or gpt2-small (made with random weights in a temporary folder)
// --threads  of each contender; `taskset -c 0 node bench/forward.js --threads 1` (Linux) also keeps them on one core
// --against  another clone of the project, built: the same backends from there, to compare before and after
//
// Prints a table, or JSON. Ratios are of processor time with one thread, of elapsed time with more.

const { execFileSync, spawn } = require("node:child_process");
const { existsSync, mkdtempSync, rmSync } = require("node:fs");
const os = require("node:os");
const { join, resolve } = require("node:path");
const { createInterface } = require("node:readline");
const { parseArgs } = require("node:util");
const { library, networkOf } = require("./support/library");

const ROOT = join(__dirname, "..");

const OPTIONS = {
  models: { type: "string", default: "llama-mini,pythia-mini,mistral-mini,opt-mini,gpt2-small" },
  backends: { type: "string", default: "tensorflow,wasm+blas,wasm" },
  tokens: { type: "string", default: "1024" },
  threads: { type: "string", default: "1" },
  runs: { type: "string", default: "9" },
  peers: { type: "string" },
  against: { type: "string" },
  json: { type: "boolean", default: false },
};

/** Models that are made for the occasion. */
const SHAPES = {
  "gpt2-small": {
    model_type: "gpt2",
    n_layer: 12,
    n_embd: 768,
    n_head: 12,
    n_positions: 1024,
    vocab_size: 50257,
    layer_norm_epsilon: 1e-5,
    activation_function: "gelu_new",
  },
};

/** What BLAS is to do for a backend. */
const BACKENDS = {
  tensorflow: { backend: "tensorflow" },
  "wasm+blas": { backend: "wasm", blas: process.env.TOKEN_GEOMETRY_BLAS },
  wasm: { backend: "wasm", blas: "off" },
  cpu: { backend: "cpu" },
};

/**
 * Measures the forward pass.
 * @param options as on the command line, all but `json`; what is missing has the same defaults
 * @returns { date, commit, machine, node, tokens, threads, runs, results: [{ model, contender, device, ... }] }
 */
async function measureForward(options = {}, tell = () => {}) {
  const defaults = Object.fromEntries(Object.entries(OPTIONS).map(([name, option]) => [name, option.default]));
  const settings = { ...defaults, ...options };
  const [tokens, threads, runs] = [settings.tokens, settings.threads, settings.runs].map(Number);
  const temporary = mkdtempSync(join(os.tmpdir(), "forward-"));
  const results = [];
  try {
    for (const model of settings.models.split(",")) {
      const folder = folderOf(model, temporary);
      const contenders = [];
      try {
        for (const description of describeContenders(settings, folder, tokens, threads)) {
          const contender = await start(description, threads);
          if (contender.failure) tell(`${model}, ${contender.name}: not measured: ${contender.failure}`);
          else contenders.push(contender);
        }
        for (let run = 0; run < runs; run++) {
          tell(`${model}: run ${run + 1} of ${runs}`);
          for (const contender of contenders) {
            await contender.run();
            const figures = await contender.run();
            contender.figures.push(figures);
          }
        }
        results.push(...summarize(model, contenders, tokens, threads));
      } finally {
        for (const { stop } of contenders) stop();
      }
    }
  } finally {
    rmSync(temporary, { recursive: true });
  }
  return { ...circumstances(), tokens, threads, runs, results };
}

function folderOf(model, temporary) {
  if (SHAPES[model]) {
    const folder = join(temporary, model);
    require("./randomCheckpoint.js").writeRandomCheckpoint(folder, SHAPES[model]);
    return folder;
  }
  const embedded = join(ROOT, "data/models", model);
  return existsSync(embedded) ? embedded : resolve(model);
}

function describeContenders({ backends, peers, against }, folder, tokens, threads) {
  const described = [];
  for (const root of against ? [resolve(against), ROOT] : [ROOT]) {
    for (const name of backends.split(",")) {
      if (!BACKENDS[name]) throw new Error(`unknown backend ${name}: choose of ${Object.keys(BACKENDS).join(", ")}`);
      const { backend, blas } = BACKENDS[name];
      const args = [
        __filename,
        "--serve",
        JSON.stringify({ root, backend, folder, tokens, byBlas: name === "wasm+blas" }),
      ];
      const environment = { ...process.env, TOKEN_GEOMETRY_BLAS: blas ?? "" };
      described.push({
        name: root === ROOT ? name : `${name} (${against})`,
        command: process.execPath,
        args,
        environment,
      });
    }
  }
  if (peers) {
    const args = [join(__dirname, "peers/forward.py"), folder, "--serve", "--tokens", tokens, "--threads", threads];
    described.push({ name: "pytorch", command: peers, args: args.map(String), environment: process.env });
  }
  return described;
}

/** Starts a contender and waits until its model is loaded. */
function start({ name, command, args, environment }, threads) {
  const variables = ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"];
  const limits = Object.fromEntries(variables.map((variable) => [variable, String(threads)]));
  const child = spawn(command, args, { env: { ...environment, ...limits }, stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors = (errors + text).slice(-2000);
  });
  child.stdin.on("error", () => {}); // It has ended; what is read from it says so.
  const lines = createInterface({ input: child.stdout });
  const failed = new Promise((_, reject) => {
    child.on("error", reject);
    child.on("close", () => reject(new Error(errors.trim().split("\n").at(-1) || "its process has ended")));
  });
  failed.catch(() => {});
  const nextLine = () =>
    Promise.race([new Promise((resolve) => lines.once("line", (line) => resolve(JSON.parse(line)))), failed]);
  const run = () => {
    const answer = nextLine();
    child.stdin.write("\n");
    return answer;
  };
  return nextLine().then(
    ({ device }) => ({ name, device, run, figures: [], stop: () => child.kill() }),
    (error) => ({ name, failure: error.message }),
  );
}

/** The other end: loads the model, then makes a run for each line that it reads. */
async function serve({ root, backend, folder, tokens, byBlas }) {
  const from = (path) => library(path, root);
  const { chooseBackend, describeBackend } = from("machine/backend/backend.js");
  const { openCheckpoint } = from("machine/checkpoint/checkpoint.js");
  const { loadNetwork, runNetwork } = networkOf(from);
  const choice = await chooseBackend(backend);
  if (byBlas && !choice.device.includes("products by")) throw new Error("no BLAS library found");
  const model = await loadNetwork(openCheckpoint(folder));
  const { vocabularySize } = model.architecture;
  // The tokens of peers/forward.py.
  const ids = Array.from({ length: tokens }, (_, position) => (position * 7919) % vocabularySize);
  const device = /\((.*?)\)(;|$)/.exec(describeBackend(choice))?.[1];
  console.log(JSON.stringify({ ready: true, device }));
  for await (const _ of createInterface({ input: process.stdin })) {
    const [before, started] = [process.cpuUsage(), performance.now()];
    const states = [];
    const { loss, meanEntropy } = await runNetwork(model, ids, { onHiddenState: (state) => void states.push(state) });
    const milliseconds = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    console.log(JSON.stringify({ milliseconds, processorMilliseconds: (user + system) / 1000, loss, meanEntropy }));
  }
}

function summarize(model, contenders, tokens, threads) {
  const rows = contenders.map(({ name, device, figures }) => {
    const best = Math.min(...figures.map(({ milliseconds }) => milliseconds));
    const median = medianOf(figures.map(({ milliseconds }) => milliseconds));
    const processor = Math.min(...figures.map(({ processorMilliseconds }) => processorMilliseconds));
    const { loss, meanEntropy } = figures.at(-1);
    const tokensPerSecond = (1000 * tokens) / (threads === 1 ? processor : best);
    return { model, contender: name, device, best, median, processor, tokensPerSecond, loss, meanEntropy };
  });
  const peer = rows.find(({ contender }) => contender === "pytorch");
  if (peer) for (const row of rows) row.ofPyTorch = row.tokensPerSecond / peer.tokensPerSecond;
  return rows;
}

function medianOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function circumstances() {
  const git = (...args) => execFileSync("git", ["-C", ROOT, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
  let commit;
  try {
    commit =
      git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "--untracked-files=no") && " and changes");
  } catch {
    commit = "unknown";
  }
  const cpus = os.cpus();
  const machine = { processor: cpus[0]?.model.trim(), cores: cpus.length, system: `${os.type()} ${os.arch()}` };
  return { date: new Date().toISOString().slice(0, 10), commit, machine, node: process.version };
}

/** The results as a Markdown table. */
function tableOf({ results }) {
  const head = [
    "model",
    "by",
    "device",
    "best (ms)",
    "median",
    "processor",
    "tokens/s",
    "of PyTorch",
    "loss",
    "entropy",
  ];
  const rows = results.map((row) => [
    row.model,
    row.contender,
    row.device,
    row.best.toFixed(0),
    row.median.toFixed(0),
    row.processor.toFixed(0),
    row.tokensPerSecond.toFixed(0),
    row.ofPyTorch?.toFixed(2) ?? "",
    row.loss.toFixed(6),
    row.meanEntropy.toFixed(6),
  ]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

async function main() {
  if (process.argv[2] === "--serve") return serve(JSON.parse(process.argv[3]));
  const { json, ...options } = parseArgs({ options: OPTIONS }).values;
  const measured = await measureForward(options, (line) => console.error(line));
  console.log(json ? JSON.stringify(measured, null, 2) : tableOf(measured));
}

module.exports = { measureForward, tableOf };

if (require.main === module) {
  main().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
