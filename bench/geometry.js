#!/usr/bin/env node
// What the geometry of a layer costs, one thread each, in milliseconds: by width, by number of points, of hard cases; and
// the geometry of logits, whose columns come a few at a time.
//
//   node bench/geometry.js [--quick] [--rounds 7] [--backends tensorflow,wasm] [--peers PYTHON] [--against PROJECT] [--json]
//
// --peers     a Python with NumPy, SciPy and scikit-learn (and DADApy, if it is there): peers/geometry.py runs beside
// --against   another checkout of this project, compiled: it is measured beside this one
// --only      some parts: width, points, hard, logits
// --json      results as JSON on stdout; tables are on stderr

const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join, resolve } = require("node:path");
const { parseArgs } = require("node:util");
const { KINDS, cloudFiles } = require("./support/clouds");
const { Contender, compare, thoseThatStart } = require("./support/contender");
const { PROJECT } = require("./support/library");
const { printTable } = require("./support/table");

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    backends: { type: "string", default: "tensorflow,wasm" },
    peers: { type: "string" },
    against: { type: "string" },
    only: { type: "string", default: "width,points,hard,logits" },
    json: { type: "boolean", default: false },
  },
});

const POINTS = options.quick ? 64 : 1024;
const WIDTHS = options.quick ? [32] : [128, 768, 4096];
const NUMBERS = options.quick ? [32, 64] : [256, 512, 1024, 2048];
const HARD_WIDTHS = options.quick ? [32] : [128, 4096];
const VOCABULARIES = options.quick ? [100] : [4096, 32768];

/** What is measured, part by part. */
const PARTS = {
  width: WIDTHS.map((dimension) => ({ kind: "tokens", points: POINTS, dimension })),
  points: NUMBERS.map((points) => ({ kind: "tokens", points, dimension: options.quick ? 32 : 768 })),
  hard: HARD_WIDTHS.flatMap((dimension) => Object.keys(KINDS).map((kind) => ({ kind, points: POINTS, dimension }))),
  logits: VOCABULARIES.map((dimension) => ({ kind: "tokens", points: POINTS, dimension, streamed: true })),
};

function startContenders() {
  const ours = (backend, project) => ["node", [join(__dirname, "geometryWorker.js"), backend, project]];
  const contenders = options.backends
    .split(",")
    .flatMap((backend) => [
      new Contender(backend, ...ours(backend, PROJECT)),
      ...(options.against ? [new Contender(`${backend}, against`, ...ours(backend, resolve(options.against)))] : []),
    ]);
  if (options.peers) {
    const program = join(__dirname, "peers/geometry.py");
    for (const way of ["authors", "numpy"]) contenders.push(new Contender(way, options.peers, [program, way]));
  }
  return thoseThatStart(contenders);
}

/** The largest difference of dimensions from those of the first contender, relative. */
function disagreement([first, ...others]) {
  const dimensions = ({ result }) => result.intrinsicDimension.map(({ id }) => id);
  const differences = others.flatMap((other) =>
    dimensions(other).map((id, i) => Math.abs(id / dimensions(first)[i] - 1)),
  );
  return differences.length > 0 ? Math.max(...differences.filter(Number.isFinite), 0).toExponential(0) : "";
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "bench-geometry-"));
  const contenders = await startContenders();
  try {
    if (contenders.length === 0) throw new Error("no program to measure has started");
    const results = [];
    for (const part of options.only.split(",")) {
      const rows = [];
      for (const { streamed = false, ...cloud } of PARTS[part]) {
        const { kind, points, dimension } = cloud;
        const able = streamed ? contenders.filter(({ name }) => !["authors", "numpy"].includes(name)) : contenders;
        const files = await cloudFiles(folder, kind, points, dimension);
        const rounds = Number(options.rounds ?? (options.quick ? 0 : 7));
        const compared = await compare(able, { ...files, streamed }, rounds);
        for (const { result, ...times } of compared) results.push({ part, ...cloud, ...times });
        const times = contenders.map(({ name }) => compared.find((one) => one.name === name)?.milliseconds);
        rows.push([`${kind}, N = ${points}, D = ${dimension}`, ...times, disagreement(compared)]);
      }
      printTable(part, ["milliseconds", ...contenders.map(({ name }) => name), "ID differs by"], rows);
    }
    const programs = Object.fromEntries(contenders.map(({ name, description }) => [name, description]));
    if (options.json) console.log(JSON.stringify({ programs, kinds: KINDS, results }, null, 2));
  } finally {
    for (const contender of contenders) contender.end();
    rmSync(folder, { recursive: true });
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
