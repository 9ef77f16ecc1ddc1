// Measures the geometry of layers for bench/geometry.js: node geometryWorker.js BACKEND PROJECT, then a JSON request a line.

const { createInterface } = require("node:readline");
const { library } = require("./support/library");

/** As logits come out of a model. */
const TILE_COLUMNS = 4096;

function columnTiles({ values, points, dimension }) {
  const tiles = [];
  for (let first = 0; first < dimension; first += TILE_COLUMNS) {
    const columns = Math.min(TILE_COLUMNS, dimension - first);
    const tile = new Float32Array(points * columns);
    for (let point = 0; point < points; point++) {
      const start = point * dimension + first;
      tile.set(values.subarray(start, start + columns), point * columns);
    }
    tiles.push({ values: tile, columns });
  }
  return { points, tiles };
}

async function main([backend, project]) {
  const from = (path) => library(path, project);
  const { chooseBackend } = from("machine/backend/backend.js");
  const { LayerCloud } = from("geometry/layerCloud.js");
  const { measureLayer } = from("geometry/metrics.js");
  const { StreamedCloud } = from("geometry/streamedCloud.js");
  const { readNpy } = from("machine/support/npy.js");
  const { name, device } = await chooseBackend(backend);
  console.log(JSON.stringify({ ready: `${name}, ${device}` }));

  const read = (path) => {
    const { data, shape } = readNpy(path);
    return { values: data, points: shape[0], dimension: shape[1] };
  };
  const layer = async (cloud, previous) => {
    const measured = new LayerCloud(cloud, "cloud", previous); // An older version takes them here.
    const result = await measureLayer(measured, previous);
    await measured.neighbors(); // The next layer asks for them.
    await measured.release?.(); // An older version has none.
    return result;
  };
  const streamed = async ({ points, tiles }) => {
    const cloud = new StreamedCloud(points);
    for (const { values, columns } of tiles) await cloud.addColumns(values, columns);
    return { intrinsicDimension: cloud.intrinsicDimension("logits") };
  };
  let before = {};
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    const cloud = request.streamed ? columnTiles(read(request.cloud)) : read(request.cloud);
    if (!request.streamed && before.path !== request.previous) {
      const neighbors = await new LayerCloud(read(request.previous), "previous").neighbors();
      before = { path: request.previous, neighbors };
    }
    const processor = process.cpuUsage();
    const started = performance.now();
    const result = request.streamed ? await streamed(cloud) : await layer(cloud, before.neighbors);
    const wall = performance.now() - started;
    const used = process.cpuUsage(processor);
    console.log(JSON.stringify({ wall, processor: (used.user + used.system) / 1000, result }));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
