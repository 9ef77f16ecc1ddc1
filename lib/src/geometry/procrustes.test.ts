/** Against SciPy's `orthogonal_procrustes`, and closed forms. */
import { describe, expect, test } from "vitest";
import {
  firstCoordinates,
  relativeDifference,
  rowsOf,
  VIEW_CLOUDS,
  viewCloud,
} from "../../../tests/support/viewClouds";
import type { Cloud } from "../machine/support/cloud";
import { principalComponents } from "./principalComponents";
import { turnedOnto } from "./procrustes";

const cloudOf = (rows: number[][]): Cloud<Float64Array> => {
  return { values: Float64Array.from(rows.flat()), points: rows.length, dimension: rows[0].length };
};

describe("as SciPy has it, but for the signs of the picture", () => {
  test.each(VIEW_CLOUDS)("%s", (name, { turned: expected }) => {
    const cloud = viewCloud(name);
    const turned = turnedOnto(firstCoordinates(cloud, 2), principalComponents(cloud, 2).projection);
    const [actual, signless] = [rowsOf(turned).slice(0, 6), expected].map((rows) => rows.flat().map(Math.abs));
    expect(relativeDifference(actual, signless)).toBeLessThan(1e-7);
  });
});

test.each([
  ["turned by 30 degrees", 1, Math.PI / 6],
  ["turned by 180 degrees", 1, Math.PI],
  ["mirrored", -1, 0],
  ["mirrored and turned", -1, 2],
])("what was %s comes back", (_, sign, angle) => {
  const rows = [
    [1, 2],
    [-3, 1],
    [0, -2],
    [4, 4],
  ];
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const moved = rows.map(([x, y]) => [cosine * x - sine * sign * y, sine * x + cosine * sign * y]);
  expect(relativeDifference(turnedOnto(cloudOf(moved), cloudOf(rows)).values, rows.flat())).toBeLessThan(1e-12);
  const half = moved.map((row) => row.map((value) => value / 2));
  expect(
    relativeDifference(
      turnedOnto(cloudOf(half), cloudOf(rows)).values,
      rows.flat().map((v) => v / 2),
    ),
  ).toBeLessThan(1e-12);
});

test("points on a line keep their distances: no direction is lost", () => {
  const line = cloudOf([
    [-1, 0, 0],
    [0, 0, 0],
    [1, 0, 0],
    [3, 0, 0],
  ]);
  const other = cloudOf([
    [0, -1, 0],
    [0, 0, 0],
    [0, 1, 0],
    [0, 3, 0],
  ]);
  expect(relativeDifference(turnedOnto(line, other).values, other.values)).toBeLessThan(1e-12);
});

test("clouds of other sizes are refused", () => {
  const three = cloudOf([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  expect(() => turnedOnto(three, cloudOf([[1], [2], [3]]))).toThrow(
    "3 points in 2 dimensions cannot be turned onto 3 points in 1 dimensions: they must be as many",
  );
});
