// Runs an experiment for bench/endToEnd.js in a process of its own: node endToEndWorker.js REQUEST, which is JSON.

const { library } = require("./support/library");

async function main({ settings, options }) {
  const { runExperiment } = library("experiment/experiment.js");
  const started = performance.now();
  const { computed, backend } = await runExperiment(settings, options);
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, computed, backend: `${backend.name}, ${backend.device}` }));
}

main(JSON.parse(process.argv[2])).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
