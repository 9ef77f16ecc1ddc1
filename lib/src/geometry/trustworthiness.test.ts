/** Against scikit-learn's `trustworthiness`, and closed forms. */
import { beforeAll, describe, expect, test } from "vitest";
import { firstCoordinates, VIEW_CLOUDS, viewCloud } from "../../../tests/support/viewClouds";
import { chooseBackend } from "../machine/backend/backend";
import { principalComponents } from "./principalComponents";
import { trustworthiness } from "./trustworthiness";

beforeAll(() => chooseBackend("wasm"));

describe("as scikit-learn has it", () => {
  // Of copies scikit-learn takes whichever its sorting puts first.
  const different = VIEW_CLOUDS.filter(([, reference]) => reference.trustworthiness);

  test.each(different)("%s", async (name, { neighbors, trustworthiness: expected }) => {
    const cloud = viewCloud(name);
    expect(await trustworthiness(cloud, firstCoordinates(cloud, 2), neighbors)).toBeCloseTo(expected!.coordinates, 10);
    const { projection } = principalComponents(cloud, 2);
    expect(await trustworthiness(cloud, projection, neighbors)).toBeCloseTo(expected!.components, 10);
  });
});

test("is 1 of the cloud itself, and of all of its principal components; one false neighbor costs its rank", async () => {
  const cloud = viewCloud("geometry/gaussian-5d");
  expect(await trustworthiness(cloud, cloud, 10)).toBe(1);
  expect(await trustworthiness(cloud, principalComponents(cloud, cloud.dimension).projection, 10)).toBe(1);
  const line = (...values: number[]) => ({ values: Float64Array.from(values), points: values.length, dimension: 1 });
  // Only the first point has another nearest neighbor in the picture: its third.
  expect(await trustworthiness(line(0, 2, 3, 4, 8, 9), line(0, 9, 8, 1.9, 8.5, 9.2), 1)).toBeLessThan(1);
  const one = await trustworthiness(line(0, 1, 1.5, 4, 4.2), line(0, 9, 9.5, 5, 5.2), 1);
  expect(one).toBeCloseTo(1 - (2 / (5 * 1 * (10 - 3 - 1))) * (3 - 1), 12);
});

test.each([0, 3, 1.5])("%f neighbors of six points, and other points, are refused", async (count) => {
  const cloud = { values: Float64Array.of(0, 1, 3, 7, 15, 31), points: 6, dimension: 1 };
  await expect(trustworthiness(cloud, cloud, count)).rejects.toThrow(
    `trustworthiness of ${count} neighbors of 6 points: must be 1 or more, below half of the points`,
  );
  await expect(trustworthiness(cloud, { ...cloud, points: 3, dimension: 2 }, 1)).rejects.toThrow(
    "the picture has 3 points, the cloud 6: they must be as many",
  );
});
