#!/usr/bin/env node
// What the geometry of a layer costs, one thread each: by width, by number of points, of hard cases; and that of logits,
// whose columns come a few at a time.
//
//   node bench/geometry.js [--quick] [--rounds 7] [--backends tensorflow,wasm+blas,wasm] [--peers PYTHON] [--against PROJECT]
//                          [--only width,points,hard,logits] [--json]
//
// --peers     a Python with NumPy, SciPy and scikit-learn (and DADApy, if it is there): peers/geometry.py runs beside
// --against   another checkout of this project, compiled: it is measured beside this one
// --json      results as JSON on stdout; tables are on stderr
//
// Times are milliseconds of processor time, the best of the rounds: what a layer takes on a core that is free.

const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join, resolve } = require("node:path");
const { parseArgs } = require("node:util");
const { KINDS, cloudFiles } = require("./support/clouds");
const { BACKENDS, Contender, compare, thoseThatStart } = require("./support/contender");
const { PROJECT } = require("./support/library");
const { printTable } = require("./support/table");

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    backends: { type: "string", default: "tensorflow,wasm+blas,wasm" },
    peers: { type: "string" },
    against: { type: "string" },
    only: { type: "string", default: "width,points,hard,logits" },
    json: { type: "boolean", default: false },
  },
});

/** Peers in Python, and what they take part in: hard cases only where the way is meant to be good. */
const PEERS = { authors: ["width", "points"], numpy: ["width", "points", "hard"] };

/** What is measured, part by part. */
const PARTS = options.quick
  ? parts({ points: 64, widths: [32], numbers: [32, 64], numbersAt: 32, hardWidths: [32], vocabularies: [100] })
  : parts({
      points: 1024,
      widths: [128, 768, 4096],
      numbers: [256, 512, 1024, 2048],
      numbersAt: 768,
      hardWidths: [128, 4096],
      vocabularies: [4096, 32768],
    });

function parts({ points, widths, numbers, numbersAt, hardWidths, vocabularies }) {
  return {
    width: widths.map((dimension) => ({ kind: "tokens", points, dimension })),
    points: numbers.map((number) => ({ kind: "tokens", points: number, dimension: numbersAt })),
    hard: hardWidths.flatMap((dimension) => Object.keys(KINDS).map((kind) => ({ kind, points, dimension }))),
    logits: vocabularies.map((dimension) => ({ kind: "tokens", points, dimension, streamed: true })),
  };
}

function startContenders() {
  const contenders = options.backends.split(",").flatMap((name) => {
    if (!Object.hasOwn(BACKENDS, name)) throw new Error(`unknown backend ${name}: ${Object.keys(BACKENDS)}`);
    const { backend, env } = BACKENDS[name];
    const start = (title, project) =>
      new Contender(title, "node", [join(__dirname, "geometryWorker.js"), backend, project], env);
    return [start(name, PROJECT), ...(options.against ? [start(`${name}, against`, resolve(options.against))] : [])];
  });
  if (options.peers) {
    const program = join(__dirname, "peers/geometry.py");
    for (const way of Object.keys(PEERS)) contenders.push(new Contender(way, options.peers, [program, way]));
  }
  return thoseThatStart(contenders);
}

/** The largest difference of dimensions from those of the first contender, relative. */
function disagreement([first, ...others]) {
  const dimensions = ({ result }) => result.intrinsicDimension.map(({ id }) => id);
  const differences = others.flatMap((other) =>
    dimensions(other).map((id, i) => Math.abs(id / dimensions(first)[i] - 1)),
  );
  return Math.max(0, ...differences.filter(Number.isFinite));
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "bench-geometry-"));
  const contenders = await startContenders();
  try {
    if (contenders.length === 0) throw new Error("no program to measure has started");
    const rounds = Number(options.rounds ?? (options.quick ? 0 : 7));
    const results = [];
    for (const part of options.only.split(",")) {
      if (!PARTS[part]) throw new Error(`unknown part ${part}: ${Object.keys(PARTS)}`);
      const able = contenders.filter(({ name }) => !PEERS[name] || PEERS[name].includes(part));
      const rows = [];
      for (const { streamed = false, ...cloud } of PARTS[part]) {
        const files = await cloudFiles(folder, cloud.kind, cloud.points, cloud.dimension);
        const compared = await compare(able, { ...files, streamed }, rounds);
        const difference = disagreement(compared);
        for (const { result, ...times } of compared) results.push({ part, ...cloud, ...times });
        const title = `${cloud.kind}, N = ${cloud.points}, D = ${cloud.dimension}`;
        rows.push([title, ...compared.map(({ processor }) => processor), difference.toExponential(0)]);
      }
      printTable(part, ["processor milliseconds", ...able.map(({ name }) => name), "IDs differ by"], rows);
    }
    const programs = Object.fromEntries(contenders.map(({ name, description }) => [name, description]));
    if (options.json) console.log(JSON.stringify({ rounds, programs, kinds: KINDS, results }, null, 2));
  } finally {
    for (const contender of contenders) contender.end();
    rmSync(folder, { recursive: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
