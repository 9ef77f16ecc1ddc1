import { expect, test } from "vitest";
import { normalGenerator } from "../machine/support/random";
import { correctedParticipationRatio } from "./correctedParticipationRatio";
import { pointsAt } from "./pointsAt";
import { effectiveRank, participationRatio, spectrum } from "./spectrum";
import { massiveTokens, tokenNorms } from "./tokenNorms";

/** Points of decreasing variances, normally distributed, the first of them a hundred times as long. */
function withMassiveToken(points: number, dimension: number) {
  const { normal } = normalGenerator("a massive token");
  const values = Float64Array.from({ length: points * dimension }, (_, i) => normal() / (1 + (i % dimension) / 10));
  for (let i = 0; i < dimension; i++) values[i] *= 100;
  return { values, points, dimension };
}

test("one vector a hundred times as long has a layer's spectrum, and leaves its other points as they are", () => {
  const cloud = withMassiveToken(300, 40);
  expect(massiveTokens(cloud).map(({ position }) => position)).toEqual([0]);
  const others = pointsAt(
    cloud,
    Array.from({ length: 299 }, (_, i) => i + 1),
  );
  expect(massiveTokens(others)).toEqual([]);
  expect(effectiveRank(spectrum(cloud))).toBeLessThan(2.5);
  expect(effectiveRank(spectrum(others))).toBeGreaterThan(20);
  expect(participationRatio(spectrum(cloud))).toBeLessThan(1.2);
  expect(participationRatio(spectrum(others))).toBeGreaterThan(14);
  const options = { sampledCoordinates: false };
  expect(correctedParticipationRatio(others, options)).toBeGreaterThan(participationRatio(spectrum(others)));
  expect(tokenNorms(others)).toEqual(tokenNorms(cloud).subarray(1));
});

test("a layer of zeros has no massive token; what is asked for has to be there", () => {
  const zeros = { values: new Float64Array(6), points: 3, dimension: 2 };
  expect(massiveTokens(zeros)).toEqual([]);
  expect(() => pointsAt(zeros, [0, 3])).toThrow(/point 3: there are points 0 to 2/);
  expect(() => pointsAt(zeros, [1, 1])).toThrow(/point 1 is named twice/);
});
