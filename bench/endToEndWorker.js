// Runs an experiment for bench/endToEnd.js in a process of its own: node endToEndWorker.js REQUEST, which is JSON.

const { existsSync, readFileSync } = require("node:fs");
const { library } = require("./support/library");

/** Processor time of the processes that this one has started and that have ended; 0 where there is no /proc. */
function secondsOfChildren() {
  if (!existsSync("/proc/self/stat")) return 0;
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100; // cutime, cstime in ticks of 10 ms
}

async function main({ settings, options }) {
  const { runExperiment } = library("machine/experiment/experiment.js");
  const started = performance.now();
  const { backend } = await runExperiment(settings, options);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage();
  const processor = (user + system) / 1e6 + secondsOfChildren();
  console.log(JSON.stringify({ seconds, processor, backend: `${backend.name}, ${backend.device}` }));
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
