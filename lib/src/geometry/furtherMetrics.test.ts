import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { onEachBackend } from "../../../tests/support/backends";
import type { Cloud } from "../machine/support/cloud";
import { readNpy } from "../machine/support/npy";
import { correctedParticipationRatio } from "./correctedParticipationRatio";
import { distinctPoints } from "./distinctPoints";
import { kStarBinomial } from "./kStarBinomial";
import { kStarGride } from "./kStarGride";
import { LayerCloud } from "./layerCloud";
import type { Metric } from "./metric";
import { FURTHER_METRICS } from "./metrics";
import { neighbors } from "./neighbors";
import { pointsAt } from "./pointsAt";
import { effectiveRank, participationRatio, spectrum } from "./spectrum";
import { massiveTokens, tokenNorms } from "./tokenNorms";
import { stepLengths, turningAngles } from "./trajectories";

const FIXTURES = join(__dirname, "../../../tests/fixtures/geometry");

const CLOUDS: [name: string, cloud: Cloud][] = readdirSync(FIXTURES)
  .filter((name) => name.endsWith(".npy"))
  .map((name) => {
    const { shape, data } = readNpy(join(FIXTURES, name));
    return [basename(name, ".npy"), { values: data, points: shape[0], dimension: shape[1] }];
  });

const cloudNamed = (name: string): Cloud => CLOUDS.find(([one]) => one === name)![1];

onEachBackend("further metrics", (useBackend) => {
  beforeAll(useBackend);

  const measure = async (name: keyof typeof FURTHER_METRICS, cloud: Cloud) => {
    const metric: Metric = FURTHER_METRICS[name];
    const rows = metric.quantities!.rows(await metric.measure(new LayerCloud(cloud, name)));
    return Object.fromEntries(rows.map(({ quantity, value, error }) => [quantity, { value, error }]));
  };

  describe.each(CLOUDS)("of %s", (_, cloud) => {
    test.each(Object.entries<Metric>(FURTHER_METRICS))("%s: rows say all of a result", async (name, metric) => {
      const result = await metric.measure(new LayerCloud(cloud, name));
      const { names, rows, begin } = metric.quantities!;
      const all = rows(result);
      expect(all.map(({ quantity }) => quantity)).toEqual([...names]);
      const again = begin();
      for (const row of [...all].reverse()) again.add(row);
      expect(again.result()).toEqual(result);
    });
  });

  test("norms: the ends, the first, how many are massive, and points that differ", async () => {
    const cloud = cloudNamed("massive-points");
    const sorted = [...tokenNorms(cloud)].sort((a, b) => a - b);
    const middle = (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
    const found = await measure("tokenNorms", cloud);
    expect(found.longestNorm.value).toBeCloseTo(sorted[sorted.length - 1] / middle, 10);
    expect(found.shortestNorm.value).toBeCloseTo(sorted[0] / middle, 10);
    expect(found.firstNorm.value).toBeCloseTo(tokenNorms(cloud)[0] / middle, 10);
    expect(found.massiveTokens.value).toBe(massiveTokens(cloud).length);
    expect(found.massiveTokens.value).toBeGreaterThan(0);
    const copies = cloudNamed("duplicates");
    const { distinctShare } = await measure("tokenNorms", copies);
    expect(distinctShare.value).toBe(distinctPoints(copies).points / copies.points);
    expect(distinctShare.value).toBeLessThan(1);
  });

  test("spectrum: of all tokens, and without the massive ones", async () => {
    const cloud = cloudNamed("massive-points");
    const massive = new Set(massiveTokens(cloud).map(({ position }) => position));
    const kept = pointsAt(
      cloud,
      Array.from({ length: cloud.points }, (_, i) => i).filter((i) => !massive.has(i)),
    );
    const found = await measure("spectrum", cloud);
    for (const [some, ending] of [
      [cloud, ""],
      [kept, "WithoutMassive"],
    ] as const) {
      const variances = spectrum(some);
      const total = variances.reduce((sum, one) => sum + one, 0);
      expect(found[`effectiveRank${ending}`].value).toBe(effectiveRank(variances));
      expect(found[`participationRatio${ending}`].value).toBe(participationRatio(variances));
      expect(found[`firstAxisShare${ending}`].value).toBeCloseTo(variances[0] / total, 12);
      const corrected = correctedParticipationRatio(some, { sampledCoordinates: false });
      expect(found[`correctedParticipationRatio${ending}`].value).toBe(corrected);
    }
    expect(found.effectiveRankWithoutMassive.value).toBeGreaterThan(2 * found.effectiveRank.value);
  });

  test("k*: of distinct points, with at most 100 neighbors", async () => {
    const cloud = cloudNamed("duplicates");
    const distinct = distinctPoints(cloud);
    const near = await neighbors(distinct, Math.min(100, distinct.points - 1));
    const found = await measure("kStar", cloud);
    const [gride, binomial] = [kStarGride(near), kStarBinomial(near)];
    expect(found.kStarGride).toEqual({ value: gride.id, error: gride.error });
    expect(found.kStarBinomial).toEqual({ value: binomial.id, error: binomial.error });
    const sizes = [...gride.neighborhoods].sort((a, b) => a - b);
    expect(found.kStarMedian.value).toBe((sizes[(sizes.length - 1) >> 1] + sizes[sizes.length >> 1]) / 2);
  });

  test("trajectory: the mean turn, and the median step over the median norm", async () => {
    const cloud = cloudNamed("gaussian-1024");
    const found = await measure("trajectory", cloud);
    const turns = [...turningAngles(cloud)];
    expect(found.turnAlongText.value).toBeCloseTo(turns.reduce((sum, one) => sum + one, 0) / turns.length, 10);
    expect(Math.abs(found.turnAlongText.value - 120)).toBeLessThan(1); // independent points
    const middle = (values: Float64Array) => [...values].sort((a, b) => a - b)[values.length >> 1];
    expect(found.stepAlongText.value).toBeCloseTo(middle(stepLengths(cloud)) / middle(tokenNorms(cloud)), 2);
    expect(Math.abs(found.stepAlongText.value - Math.SQRT2)).toBeLessThan(0.02);
  });
});
