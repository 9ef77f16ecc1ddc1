// Runs one experiment with the built library, as a process that is there to be killed. Prints what it computed and found.
//
//   node runner.js '{"settings": .., "options": .., "log": file, "killAt": {"name": "writeSync", "number": 3, "after": false}}'
//
// killAt: ends itself by SIGKILL in its n-th operation of a kind on the store's files, or right after it. log: file that is told which
// units are about to be put into the store, and which are.

const fs = require("node:fs");
const { join } = require("node:path");

const { settings, options, log, killAt } = JSON.parse(process.argv[2]);

const OPERATIONS = [
  ...["openSync", "writeSync", "fsyncSync", "closeSync", "renameSync", "linkSync", "rmSync", "mkdirSync"],
  ...["readdirSync", "statSync", "readSync"],
];
/** Descriptors of files in the store. */
const ours = new Set();
/** How many operations there were, by kind. */
const operations = {};

function isInStore(path) {
  return typeof path === "number" ? ours.has(path) : String(path).startsWith(options.store);
}

const die = () => process.kill(process.pid, "SIGKILL");
const write = fs.writeSync;

for (const name of OPERATIONS) {
  const original = fs[name];
  fs[name] = (path, ...rest) => {
    if (!isInStore(path)) return original(path, ...rest);
    operations[name] = (operations[name] ?? 0) + 1;
    const isIt = name === killAt?.name && operations[name] === killAt.number;
    const unit = name === "renameSync" && /units\/..\/([0-9a-f]{64})\.json$/.exec(rest[0])?.[1];
    if (unit) note(`begin ${unit}`);
    if (isIt && !killAt.after) {
      // Half a file is worse than none.
      if (name === "writeSync") write(path, rest[0], rest[1], Math.floor(rest[2] / 2));
      die();
    }
    const result = original(path, ...rest);
    if (name === "openSync") ours.add(result);
    if (name === "closeSync") ours.delete(path);
    if (unit) note(`end ${unit}`);
    if (isIt) die();
    return result;
  };
}

function note(text) {
  if (log) fs.appendFileSync(log, `${process.pid} ${text}\n`);
}

const { runExperiment } = require(join(__dirname, "../../lib/dist/machine/experiment/experiment.js"));

let found = "";
const progress = {
  update() {},
  finish(text) {
    found = text;
  },
};
process.send?.("ready");
runExperiment(settings, { ...options, progress }).then(
  ({ computed, reused, results }) => {
    process.stdout.write(JSON.stringify({ computed, reused, found, operations, results }));
    if (process.connected) process.disconnect();
  },
  (error) => {
    process.stderr.write(`${error.name}: ${error.message}\n`);
    process.exitCode = 1;
    if (process.connected) process.disconnect();
  },
);
