// Runs an experiment for bench/endToEnd.js in a process of its own: node endToEndWorker.js REQUEST, which is JSON.

const { library } = require("./support/library");

async function main({ settings, options }) {
  const { runExperiment } = library("experiment/experiment.js");
  const started = performance.now();
  const { backend } = await runExperiment(settings, options);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(); // Of this process, not of its workers.
  const processor = options.workers === 1 ? (user + system) / 1e6 : undefined;
  console.log(JSON.stringify({ seconds, processor, backend: `${backend.name}, ${backend.device}` }));
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
