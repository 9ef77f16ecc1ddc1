import { beforeAll, describe, expect, it } from "vitest";
import { chooseBackend } from "../machine/backend/backend";
import type { UnitResult } from "../machine/experiment/unit";
import { randomGenerator } from "../machine/support/random";
import { promptCloud, promptCloudCorrelations } from "./promptCloud";
import type { Row } from "./row";

/** Prompts whose last tokens lie on a curve (the first half, low loss) or fill five dimensions (the rest, high loss). */
function prompts(count: number): UnitResult[] {
  const random = randomGenerator("prompts");
  return Array.from({ length: count }, (_, prompt) => {
    const isCurve = prompt < count / 2;
    const t = random();
    const place = Array.from({ length: 5 }, (_, i) => (isCurve ? Math.cos(3 * t + i) : 20 + 3 * random()));
    const vector = Float32Array.from(place);
    const stored = Buffer.from(vector.buffer).toString("base64");
    return { layers: [], loss: (isCurve ? 1 : 3) + random(), meanEntropy: 0, lastToken: [stored, stored, stored] };
  });
}

describe("the cloud of prompts", () => {
  beforeAll(() => chooseBackend("wasm"));

  it("has a low dimension around the prompts on a curve, and a high one around the others", async () => {
    const results = prompts(160);
    const layers = await promptCloud(results);
    expect(layers.map(({ layer }) => layer)).toEqual([1, 2]);
    const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
    for (const estimator of ["ESS", "2NN", "high scaling"] as const) {
      const local = layers[0].local[estimator];
      expect(median(local.slice(0, 80)), estimator).toBeLessThan(2);
      expect(median(local.slice(80)), estimator).toBeGreaterThan(2.5);
      const losses = results.map(({ loss }) => ({ model: "m", shuffle: 0, value: loss })) as unknown as Row[];
      const rows = promptCloudCorrelations(layers, losses).filter(({ label }) => label === `prompt, ${estimator}`);
      expect(rows[1]).toMatchObject({ method: "spearman", model: "m", layer: 2, depth: 1, n: 160 });
      expect(rows[1].coefficient).toBeGreaterThan(0.3);
      expect(rows[1].p).toBeLessThan(0.01);
    }
    expect(layers[0].intrinsicDimension.map(({ scaling }) => scaling)).toEqual([2, 4, 8, 16, 32, 64, 128]);
  });

  it("works for as few as three prompts, and says what is missing", async () => {
    const three = await promptCloud(prompts(3));
    expect(three[0].intrinsicDimension).toHaveLength(1);
    await expect(promptCloud(prompts(2))).rejects.toThrow("a cloud of 2 prompts has no dimension");
    const plain = prompts(4).map(({ lastToken, ...rest }) => rest);
    await expect(promptCloud(plain)).rejects.toThrow("ask for lastToken");
    const [first, ...others] = prompts(3);
    await expect(promptCloud([first, first, others[0]])).rejects.toThrow(
      "last tokens at layer 1: of 3 prompts only 2 differ (prompt 2 is as prompt 1); at least 3 are needed",
    );
  });

  it("counts equal documents once", async () => {
    const results = prompts(20);
    const expected = await promptCloud(results);
    const doubled = await promptCloud([...results.slice(0, 5), results[2], ...results.slice(5), results[0]]);
    doubled.forEach(({ local, ...others }, layer) => {
      const { local: single, ...same } = expected[layer];
      expect(others).toEqual(same);
      for (const estimator of ["ESS", "2NN", "high scaling"] as const) {
        const values = local[estimator];
        expect([values[5], values[21]]).toEqual([Number.NaN, Number.NaN]);
        expect([...values.slice(0, 5), ...values.slice(6, 21)]).toEqual(single[estimator]);
      }
    });
  });

  it("takes the likelihood's dimension of a single ratio", async () => {
    // At n2 = 4, n1 = 2: 3 u - u / (1 - e^-u) = 1 with u = d ln(mu).
    const results = prompts(20);
    const [layer] = await promptCloud(results, { scaling: 4 });
    const [twice] = await promptCloud(results, { scaling: 2 });
    twice.local["high scaling"].forEach((value, i) => void expect(value).toBeCloseTo(twice.local["2NN"][i], 10));
    const vectors = results.map(
      ({ lastToken }) => new Float32Array(Uint8Array.from(Buffer.from(lastToken![1], "base64")).buffer),
    );
    const distances = vectors.map((other) => Math.hypot(...other.map((value, i) => value - vectors[0][i])));
    const [, , second, , fourth] = distances.toSorted((a, b) => a - b);
    const u = layer.local["high scaling"][0] * Math.log(fourth / second);
    expect(3 * u - u / -Math.expm1(-u)).toBeCloseTo(1, 5);
  });
});
