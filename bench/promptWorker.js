// Measures prompts for bench/prompt.js: node promptWorker.js BACKEND PROJECT MODEL, then a JSON request a line.

const { createInterface } = require("node:readline");
const { library, networkOf } = require("./support/library");

async function main([backend, project, path]) {
  const from = (file) => library(file, project);
  const { chooseBackend } = from("machine/backend/backend.js");
  const { openCheckpoint } = from("machine/checkpoint/checkpoint.js");
  const { loadNetwork } = networkOf(from);
  const { measurePrompts } = from("machine/experiment/measurePrompt.js");
  const { name, device } = await chooseBackend(backend);
  const begun = performance.now();
  const model = await loadNetwork(openCheckpoint(path));
  const loading = `loaded in ${Math.round(performance.now() - begun)} ms`;
  const memory = `peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`;
  console.log(JSON.stringify({ ready: `${name}, ${device}; ${loading}, ${memory}` }));
  for await (const line of createInterface({ input: process.stdin })) {
    const { ids } = JSON.parse(line);
    const processor = process.cpuUsage();
    const started = performance.now();
    const [result] = await measurePrompts(model, [ids]);
    const wall = performance.now() - started;
    const used = process.cpuUsage(processor);
    console.log(JSON.stringify({ wall, processor: (used.user + used.system) / 1000, result }));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
