#!/usr/bin/env node
// One prompt from its ids to everything that is measured of it: the forward pass, all metrics of all layers. Beside it, if a
// Python is named, the same by transformers and DADApy, and in the steps of the paper's own code (peers/prompt.py).
//
//   node bench/prompt.js --model FILE.gguf [--prompt data/prompts/fiction-realist.txt] [--tokens 1024] [--threads 2] [--rounds 3]
//                        [--backends tensorflow,wasm+blas,wasm] [--peers PYTHON] [--against PROJECT] [--json]
//
// Each contender is a process of its own; they take turns, and the first round only warms up. Times are milliseconds of
// elapsed time, the best of the rounds; loading the model is told apart.

const { readFileSync } = require("node:fs");
const { join, resolve } = require("node:path");
const { parseArgs } = require("node:util");
const { BACKENDS, Contender, compare, thoseThatStart } = require("./support/contender");
const { PROJECT, library } = require("./support/library");
const { printTable } = require("./support/table");

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: "smollm2-135m" },
    prompt: { type: "string", default: join(PROJECT, "data/prompts/fiction-realist.txt") },
    tokens: { type: "string", default: "1024" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    backends: { type: "string", default: "tensorflow,wasm+blas,wasm" },
    peers: { type: "string" },
    against: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

function startContenders(model) {
  const threads = Object.fromEntries(
    ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"].map((name) => [
      name,
      options.threads,
    ]),
  );
  const contenders = options.backends.split(",").flatMap((name) => {
    if (!Object.hasOwn(BACKENDS, name)) throw new Error(`unknown backend ${name}: ${Object.keys(BACKENDS)}`);
    const { backend, env } = BACKENDS[name];
    const start = (title, project) =>
      new Contender(title, "node", [join(__dirname, "promptWorker.js"), backend, project, model], {
        ...threads,
        ...env,
      });
    return [start(name, PROJECT), ...(options.against ? [start(`${name}, against`, resolve(options.against))] : [])];
  });
  if (options.peers) {
    const program = join(__dirname, "peers/prompt.py");
    for (const way of ["dadapy", "authors"]) {
      contenders.push(new Contender(way, options.peers, [program, way, model, options.threads], threads));
    }
  }
  return thoseThatStart(contenders);
}

async function main() {
  const { resolveModel } = library("machine/hub/models.js");
  const { loadTokenizer } = library("tokens/tokenizer.js");
  const model = await resolveModel(options.model);
  const ids = loadTokenizer(model).encode(readFileSync(options.prompt, "utf8")).slice(0, Number(options.tokens));
  const contenders = await startContenders(model);
  try {
    if (contenders.length === 0) throw new Error("no program to measure has started");
    const compared = await compare(contenders, { ids }, Number(options.rounds));
    const rows = compared.map(({ name, wall, wallMedian, processor, result }) => [
      name,
      wall,
      wallMedian,
      processor,
      compared[0].wall / wall,
      result.loss,
    ]);
    const titles = ["contender", "best, ms", "median, ms", "processor, ms", `share of ${compared[0].name}`, "loss"];
    printTable(`${ids.length} tokens`, titles, rows);
    const programs = Object.fromEntries(contenders.map(({ name, description }) => [name, description]));
    const results = compared.map(({ result, ...times }) => ({ ...times, loss: result.loss }));
    if (options.json) console.log(JSON.stringify({ tokens: ids.length, programs, results }, null, 2));
  } finally {
    for (const contender of contenders) contender.end();
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
