import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import { readNpy } from "../machine/support/npy";
import { type GeometryReport, geometryReport } from "./geometryReport";

const FIXTURES = join(__dirname, "../../../tests/fixtures/geometry");

/** Each .json holds what an independent float64 program (tests/fixtures/make/geometry.py) gives for its .npy files. */
const reports = readdirSync(FIXTURES).filter((name) => name.endsWith(".json"));

onEachBackend("geometry agrees with the float64 reference", (useBackend) => {
  beforeAll(useBackend);

  test.each(reports)("%s", async (name) => {
    const expected: GeometryReport = JSON.parse(readFileSync(join(FIXTURES, name), "utf8"));
    const clouds = expected.clouds.map(({ file }) => {
      const { shape, data } = readNpy(join(FIXTURES, file));
      return { name: basename(file), cloud: { values: data, points: shape[0], dimension: shape[1] } };
    });
    const before = tf.memory().numTensors;
    const actual = JSON.parse(JSON.stringify(await geometryReport(clouds)));
    expect(tf.memory().numTensors).toBe(before);
    expectAlike(actual, expected, name);
  });
});

/** The same structure, numbers equal to 1e-6 (relative above 1), and null where the reference has null. */
function expectAlike(actual: unknown, expected: unknown, place: string): void {
  if (typeof expected === "number") {
    expect(actual, place).toBeTypeOf("number");
    expect(Math.abs((actual as number) - expected), `${place}: ${actual} instead of ${expected}`).toBeLessThan(
      1e-6 * Math.max(1, Math.abs(expected)),
    );
  } else if (expected !== null && typeof expected === "object") {
    expect(Object.keys(actual as object), place).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(expected)) {
      expectAlike((actual as Record<string, unknown>)[key], value, `${place}.${key}`);
    }
  } else {
    expect(actual, place).toEqual(expected);
  }
}
