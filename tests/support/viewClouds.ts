import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "../../lib/src/machine/support/cloud";
import { readNpy } from "../../lib/src/machine/support/npy";
import { PROJECT } from "./cli";

const FIXTURES = join(PROJECT, "tests/fixtures");

/** What other programs say of a cloud, see tests/fixtures/make/views.py. */
export interface ViewReference {
  /** Neighbors of a local dimension. */
  k: number;
  /** Of the distinct points. */
  localDimensions: { points: number[]; mean: number };
  /** Of the first two principal components. */
  variances: number[];
  share: number;
  /** Without signs, the first six points along them. */
  picture: number[][];
  /** The first two coordinates turned onto the picture, the first six points. */
  turned: number[][];
  /** Of trustworthiness. */
  neighbors: number;
  trustworthiness: { coordinates: number; components: number } | null;
}

/** Clouds, among them layers of a real model, with the numbers of other programs. */
export const VIEW_CLOUDS: [name: string, reference: ViewReference][] = Object.entries(
  JSON.parse(readFileSync(join(FIXTURES, "views.json"), "utf8")),
);

/** @param name a file of points, or FILE#LAYER of hidden states */
export function viewCloud(name: string): Cloud<Float64Array> {
  const [file, layer] = name.split("#");
  const { shape, data } = readNpy(join(FIXTURES, file.endsWith(".npy") ? file : `${file}.npy`));
  const [points, dimension] = shape.slice(-2);
  const begin = Number(layer ?? 0) * points * dimension;
  return { values: Float64Array.from(data.subarray(begin, begin + points * dimension)), points, dimension };
}

/** The first coordinates of a cloud alone. */
export function firstCoordinates({ values, points, dimension }: Cloud, count: number): Cloud<Float64Array> {
  const kept = Array.from(values).filter((_, i) => i % dimension < count);
  return { values: Float64Array.from(kept), points, dimension: count };
}

/** The rows of a cloud. */
export function rowsOf({ values, points, dimension }: Cloud): number[][] {
  return Array.from({ length: points }, (_, row) => [...values.subarray(row * dimension, (row + 1) * dimension)]);
}

/** The largest difference of two lists, relative to the largest number of the second. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const largest = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - actual[i]))) / largest;
}
