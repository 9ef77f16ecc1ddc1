import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "../../../../tests/support/cli";
import { makeNpy } from "../../../../tests/support/makeNpy";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { readClouds } from "./readClouds";

async function cloudsOf(shape: number[]): Promise<[name: string, points: number, dimension: number][]> {
  const path = join(temporaryFolder(), "a.npy");
  const values = Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => i);
  writeFileSync(path, makeNpy(values, shape));
  const clouds = await readClouds(path);
  const all = clouds.flatMap(({ cloud }) => Array.from(cloud.values));
  expect(all).toEqual(values);
  return clouds.map(({ name, cloud }) => [name.slice(path.length), cloud.points, cloud.dimension]);
}

test.each<[number[], [string, number, number][]]>([
  [[5, 3], [["", 5, 3]]],
  [[5, 1], [["", 5, 1]]],
  [[1, 5], [["", 1, 5]]],
  [
    [2, 4, 3],
    [
      ["[0]", 4, 3],
      ["[1]", 4, 3],
    ],
  ],
  [[1, 4, 3], [["", 4, 3]]],
  [[4, 1, 3], [["", 4, 3]]],
  [
    [4, 3, 1],
    [
      ["[0]", 3, 1],
      ["[1]", 3, 1],
      ["[2]", 3, 1],
      ["[3]", 3, 1],
    ],
  ],
  [
    [2, 1, 4, 3],
    [
      ["[0]", 4, 3],
      ["[1]", 4, 3],
    ],
  ],
  [
    [1, 2, 4, 3],
    [
      ["[0]", 4, 3],
      ["[1]", 4, 3],
    ],
  ],
  [[1, 1, 4, 3], [["", 4, 3]]],
  [[1, 1, 1, 3], [["", 1, 3]]],
])("shape %j", async (shape, clouds) => {
  expect(await cloudsOf(shape)).toEqual(clouds);
});

test.each([[[]], [[6]], [[2, 2, 2, 2]], [[1, 1, 1, 4, 3]], [[2, 2, 2, 1]]])("shape %j is refused", async (shape) => {
  await expect(cloudsOf(shape)).rejects.toThrow(`has shape [${shape}]; [points, dimension] or`);
});

test("layers of torch.save, by their number", async () => {
  const path = join(PROJECT, "tests/fixtures/arrays/hidden.pt");
  expect((await readClouds(path)).map(({ name }) => name)).toEqual([0, 1, 2].map((layer) => `${path}[${layer}]`));
  expect((await readClouds(`${path}:2`)).map(({ name }) => name)).toEqual([`${path}:2`]);
});
