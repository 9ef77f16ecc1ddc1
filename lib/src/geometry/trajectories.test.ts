/** Steps and angles against NumPy (tests/fixtures/make/scales.py), and closed forms. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { readNpy } from "../machine/support/npy";
import { ballCloud } from "./controlClouds";
import { depthTrajectory, stepLengths, turningAngles } from "./trajectories";

const FIXTURES = join(__dirname, "../../../tests/fixtures");
const EXPECTED: Record<string, { lengths: number[]; angles: (number | null)[]; meanAngle: number }> = JSON.parse(
  readFileSync(join(FIXTURES, "scales/scales.json"), "utf8"),
);

const path = (dimension: number, ...values: number[]) => {
  return { values: Float64Array.from(values), points: values.length / dimension, dimension };
};

describe.each(Object.entries(EXPECTED))("%s", (name, expected) => {
  const { shape, data } = readNpy(join(FIXTURES, name === "llama-mini" ? "scales" : "geometry", `${name}.npy`));
  const cloud = { values: data, points: shape[0], dimension: shape[1] };

  test("lengths and angles", () => {
    const [lengths, angles] = [stepLengths(cloud), turningAngles(cloud)];
    expect([lengths.length, angles.length]).toEqual([cloud.points - 1, cloud.points - 2]);
    expected.lengths.forEach(
      (length, i) => void expect(Math.abs(lengths[i] - length)).toBeLessThan(1e-9 * length + 1e-300),
    );
    expected.angles.forEach((angle, i) => void expect(angles[i]).toBeCloseTo(angle ?? Number.NaN, 6));
    const there = angles.filter((angle) => !Number.isNaN(angle));
    expect(there.reduce((sum, angle) => sum + angle, 0) / there.length).toBeCloseTo(expected.meanAngle, 8);
  });
});

describe("angles", () => {
  it("are 0 on a line, 180 on the way back, and there is none without a step", () => {
    expect([...turningAngles(path(1, 0, 1, 3, 2, 2, 5))]).toEqual([0, 180, Number.NaN, Number.NaN]);
  });

  it("do not underflow nor overflow", () => {
    const tiny = turningAngles(path(2, 0, 0, 1e-150, 0, 1e-150, 1e-150));
    expect(tiny[0]).toBeCloseTo(90, 10);
    expect(turningAngles(path(2, 0, 0, 1e150, 0, 1e150, 1e150))[0]).toBeCloseTo(90, 10);
  });

  it("of independent points in many dimensions are 120 degrees", () => {
    const angles = turningAngles(ballCloud(2000, 400, "angles"));
    const mean = angles.reduce((sum, angle) => sum + angle, 0) / angles.length;
    expect(Math.abs(mean - 120)).toBeLessThan(0.3); // about ten standard errors
  });

  it("of a random walk are 90", () => {
    const steps = ballCloud(2000, 400, "walk");
    const walk = steps.values.slice();
    for (let i = 400; i < walk.length; i++) walk[i] += walk[i - 400];
    const angles = turningAngles({ ...steps, values: walk });
    expect(Math.abs(angles.reduce((sum, angle) => sum + angle, 0) / angles.length - 90)).toBeLessThan(0.4);
  });

  it("need three points, and steps two", () => {
    expect(() => turningAngles(path(1, 0, 1))).toThrow("a path of 2 points: at least 3 are needed");
    expect(() => stepLengths(path(1, 0))).toThrow("a path of 1 points: at least 2 are needed");
  });
});

describe("the way of a token through the layers", () => {
  const layers = [0, 10, 20].map((first) => path(2, first, 1, first + 5, 2));

  it("has a point a layer", () => {
    expect(depthTrajectory(layers, 1)).toEqual(path(2, 5, 2, 15, 2, 25, 2));
  });

  it.each([2, -1, 0.5])("is not there for token %d", (token) => {
    expect(() => depthTrajectory(layers, token)).toThrow(`token ${token} of layer 0: it has 2 points`);
  });

  it("is not there where layers differ in width", () => {
    expect(() => depthTrajectory([layers[0], path(1, 1, 2, 3)], 0)).toThrow("token 0 of layer 1");
  });
});
