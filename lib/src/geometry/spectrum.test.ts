/** Eigenvalues against ml-matrix; closed forms; clouds whose numbers NumPy and `dimensionality` have given. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { readNpy } from "../machine/support/npy";
import { normalGenerator, randomGenerator } from "../machine/support/random";
import { correctedParticipationRatio } from "./correctedParticipationRatio";
import { symmetricEigenvalues } from "./eigenvalues";
import { effectiveRank, matrixEntropy, participationRatio, spectrum } from "./spectrum";

function symmetric(size: number, seed: string): number[][] {
  const uniform = randomGenerator(seed);
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => uniform() - 0.5));
  return rows.map((row, i) => row.map((value, j) => value + rows[j][i]));
}

describe("eigenvalues", () => {
  test.each([1, 2, 3, 7, 40, 90])("of a random matrix of %i rows are ml-matrix's", (size) => {
    const rows = symmetric(size, `rows ${size}`);
    const expected = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues;
    const found = symmetricEigenvalues(Float64Array.from(rows.flat()), size);
    expected.sort((a, b) => b - a).forEach((value, i) => void expect(found[i]).toBeCloseTo(value, 11));
  });

  test.each([
    [
      "zeros",
      [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
      [0, 0, 0],
    ],
    [
      "a diagonal",
      [
        [3, 0, 0],
        [0, -1, 0],
        [0, 0, 2],
      ],
      [3, 2, -1],
    ],
    [
      "ones",
      [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ],
      [3, 0, 0],
    ],
    [
      "equal ones",
      [
        [2, 0, 0, 0],
        [0, 2, 0, 0],
        [0, 0, 2, 0],
        [0, 0, 0, 2],
      ],
      [2, 2, 2, 2],
    ],
    [
      "blocks",
      [
        [0, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 2],
        [0, 0, 2, 0],
      ],
      [2, 1, -1, -2],
    ],
  ])("of %s", (_, rows, expected) => {
    const found = symmetricEigenvalues(Float64Array.from(rows.flat()), rows.length);
    expected.forEach((value, i) => void expect(found[i]).toBeCloseTo(value, 14));
  });

  test("of a matrix with entries from 1e-150 to 1e150, to the digits of the largest", () => {
    const found = symmetricEigenvalues(Float64Array.of(1e150, 1e-150, 1e-150, 1e-150), 2);
    expect(found[0]).toBe(1e150);
    expect(Math.abs(found[1])).toBeLessThan(1e135);
  });
});

/** What NumPy 2 and dimensionality 0.1.4 give (tests/fixtures/make/spectrum.py) for the clouds of tests/fixtures/geometry. */
const FIXTURES = join(__dirname, "../../../tests/fixtures");
const EXPECTED: Record<
  string,
  Record<string, Record<string, number>> & { corrected: number | null; correctedForPoints: number | null }
> = JSON.parse(readFileSync(join(FIXTURES, "spectrum/spectrum.json"), "utf8"));

/** To 1e-9 of the number. */
function expectNear(actual: number, expected: number): void {
  expect(Math.abs(actual - expected), `${actual} instead of ${expected}`).toBeLessThan(1e-9 * Math.abs(expected));
}

describe.each(Object.entries(EXPECTED))("%s", (name, expected) => {
  const { shape, data } = readNpy(join(FIXTURES, "geometry", `${name}.npy`));
  const cloud = { values: data, points: shape[0], dimension: shape[1] };

  test.each([true, false])("centered: %s", (centered) => {
    const variances = spectrum(cloud, { centered });
    const numbers = expected[centered ? "centered" : "uncentered"];
    expect(variances.length).toBe(Math.min(cloud.points, cloud.dimension));
    expectNear(variances[0], numbers.largest);
    expectNear(
      variances.reduce((sum, one) => sum + one, 0),
      numbers.total,
    );
    expectNear(Math.exp(matrixEntropy(variances)), numbers.effectiveRank);
    expectNear(effectiveRank(variances), numbers.effectiveRank);
    expectNear(participationRatio(variances), numbers.participationRatio);
  });

  test.each([true, false])(
    "the corrected participation ratio, or no number; coordinates sampled: %s",
    (sampledCoordinates) => {
      const found = correctedParticipationRatio(cloud, { sampledCoordinates });
      const corrected = sampledCoordinates ? expected.corrected : expected.correctedForPoints;
      if (corrected === null) expect(found).toBeNaN();
      else expectNear(found, corrected);
    },
  );
});

test("of round clouds: too low naively, right corrected for their points", () => {
  const { normal } = normalGenerator("round");
  const cloud = { values: Float64Array.from({ length: 200 * 300 }, normal), points: 200, dimension: 300 };
  expect(Math.abs(participationRatio(spectrum(cloud)) - (200 * 300) / 500)).toBeLessThan(2);
  expect(Math.abs(correctedParticipationRatio(cloud, { sampledCoordinates: false }) - 300)).toBeLessThan(15);
});
