#!/usr/bin/env node
// The benchmarks, one after the other: npm run bench.
//
//   npm run bench -- [geometry] [forward] [endToEnd] [largeModel]
//                    [--quick] [--peers PYTHON] [--against PROJECT] [--json FILE] [--plots FOLDER] [--from FILE]
//
// Without names all but largeModel, which writes a model of several GB. Each is a program of its own in this folder and can
// be called with more options; --help of this one is this comment.
//
// --quick     tiny sizes, once: shows that everything works, not what it costs
// --peers     a Python that has what bench/peers asks for: its programs are measured beside the library
// --against   another checkout of this project, compiled: measured beside this one where that makes sense
// --json      everything measured, with date, machine and commit
// --plots     draws what was measured as SVG
// --from      measures nothing, takes what --json has written

const { execFileSync, spawn } = require("node:child_process");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const os = require("node:os");
const { join } = require("node:path");
const { parseArgs } = require("node:util");
const { PROJECT } = require("./support/library");

/** Which of the options each takes; the others are not for it. */
const BENCHMARKS = {
  geometry: ["quick", "peers", "against"],
  forward: ["peers", "against"],
  endToEnd: ["quick"],
  largeModel: [],
};
const USUAL = ["geometry", "forward", "endToEnd"];

/** Runs one; returns the JSON that it prints. Its tables go through as they come. */
function run(name, options) {
  const args = [join(__dirname, `${name}.js`)];
  if (name !== "largeModel") args.push("--json"); // That one prints nothing else.
  for (const option of BENCHMARKS[name]) {
    if (options[option]) args.push(`--${option}`, ...(options[option] === true ? [] : [options[option]]));
  }
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`bench/${name}.js ended with code ${code}`));
    });
  });
}

/** What has to be known of numbers that were measured. */
function circumstances() {
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: os.cpus()[0]?.model.trim(),
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    load: os.loadavg()[0],
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    commit: commit(),
  };
}

function commit() {
  const git = (...args) => execFileSync("git", args, { cwd: PROJECT, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain") ? " with changes" : "");
  } catch {
    return "unknown"; // Not a clone.
  }
}

async function measure(names, options) {
  const measured = { ...circumstances(), benchmarks: {} };
  for (const name of names) {
    if (!existsSync(join(__dirname, `${name}.js`))) {
      console.error(`\nskipped: bench/${name}.js is not there`);
      continue;
    }
    try {
      measured.benchmarks[name] = await run(name, options);
    } catch (error) {
      console.error(`\n${error.message}`); // The others are measured all the same.
      process.exitCode = 1;
    }
  }
  return measured;
}

async function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean" },
      peers: { type: "string" },
      against: { type: "string" },
      json: { type: "string" },
      plots: { type: "string" },
      from: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (options.help) {
    const comment = readFileSync(__filename, "utf8").split("\n\n")[0];
    console.log(comment.replaceAll(/^(#!.*\n|\/\/ ?)/gm, ""));
    return;
  }
  const unknown = positionals.find((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown) throw new Error(`no benchmark "${unknown}"; there are ${Object.keys(BENCHMARKS).join(", ")}`);
  const names = positionals.length > 0 ? positionals : USUAL;
  const measured = options.from ? JSON.parse(readFileSync(options.from, "utf8")) : await measure(names, options);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(measured, null, 2)}\n`);
  if (options.plots) {
    const { drawPlots } = require("./support/plots");
    for (const path of await drawPlots(measured, options.plots)) console.error(`wrote ${path}`);
  }
}

main().catch((error) => {
  console.error(process.env.DEBUG ? error : error.message);
  process.exitCode = 1;
});
