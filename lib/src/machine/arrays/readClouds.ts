import type { NamedCloud } from "../support/cloud";
import { UserError } from "../support/errors";
import { readArray } from "./readers";

/**
 * Reads clouds of points from a file of vectors: .npy, .npz, .pt (.pth, .bin) of torch.save, .safetensors, .parquet, .arrow (.feather,
 * .ipc), .csv or .tsv. Integers come exactly, as float64; float64 stays float64; shorter floats come as float32.
 *
 * @param path the file; where it holds several arrays or columns, with a colon and a name behind it: `vectors.npz:train`,
 *   `table.parquet:embedding`, `table.csv:x,y,z`. An array is [points, dimension], or [layers, points, dimension], which makes a cloud
 *   of each layer; dimensions of size 1 in front of the last two or between them are left out
 * @returns the clouds with their names: `path`, with the number of the layer in brackets where there are several
 * @throws UserError if there is no such file, it is damaged, of an unknown kind or type, of another shape, or it is not clear which
 *   of its arrays is meant: then the message lists them
 * @example
 * const clouds = await readClouds("tests/fixtures/arrays/float32.npy");
 * clouds.map(({ name, cloud }) => [name, cloud.points, cloud.dimension]); // [["tests/fixtures/arrays/float32.npy", 6, 4]]
 */
export async function readClouds(path: string): Promise<NamedCloud[]> {
  const { shape: stored, data } = await readArray(path);
  const shape = cloudShape(path, stored);
  const [points, dimension] = shape.slice(-2);
  const size = points * dimension;
  const layers = shape.length === 3 ? shape[0] : 1;
  return Array.from({ length: layers }, (_, layer) => ({
    name: shape.length === 3 ? `${path}[${layer}]` : path,
    cloud: { values: data.subarray(layer * size, (layer + 1) * size), points, dimension },
  }));
}

/** [points, dimension] or [layers, points, dimension], without what is a batch of one. */
function cloudShape(path: string, stored: readonly number[]): readonly number[] {
  const wanted = "[points, dimension] or [layers, points, dimension]";
  const refuse = (why: string): never => {
    throw new UserError(`${path}: has shape [${stored}]${why}`);
  };
  if (stored.length < 2 || stored.length > 4) return refuse(`; ${wanted} is needed`);
  const shape = [...stored];
  // The last dimension is that of the points, even if it is 1.
  for (let i = 0; i < shape.length - 1 && shape.length > 2; ) {
    if (shape[i] === 1) shape.splice(i, 1);
    else i++;
  }
  if (shape.length > 3) return refuse(`; ${wanted} is needed`);
  if (shape.length === 3 && shape[0] === 0) return refuse(": there are no layers in it");
  return shape;
}
