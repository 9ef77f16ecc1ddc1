import { describe, expect, it } from "vitest";
import { SHUFFLED, studyOf, WITH_LOSS } from "../../../tests/support/studyRows";
import { correlate } from "../statistics/correlation";
import { correlations, publishedCorrelations, publishedLogitCorrelations, readOffCorrelations } from "./correlations";
import { published } from "./published";
import { select } from "./row";

const dimensions = WITH_LOSS.of("intrinsicDimension", 2);
const losses = WITH_LOSS.of("loss");
const log = { transform: Math.log };

describe("correlations over prompts", () => {
  const rows = correlations(dimensions, losses, log);

  it("are there at every layer", () => {
    const [first, second, third] = rows;
    expect(first).toMatchObject({
      model: "llama-mini",
      layer: 1,
      depth: 1 / 3,
      parameter: 2,
      n: 12,
      method: "pearson",
    });
    expect(first.coefficient).toBeGreaterThan(0.95);
    expect(Math.abs(second.coefficient)).toBeLessThan(0.3);
    expect(third.coefficient).toBeLessThan(-0.95);
    const expected = correlate(
      select(dimensions, { layer: 2 }).map(({ value }) => Math.log(value)),
      losses.map(({ value }) => value),
      "pearson",
    );
    expect(second).toMatchObject({ ...expected });
  });

  it("pair by the prompt, not by the place, and each order with itself", () => {
    expect(correlations(dimensions, losses.toReversed(), log)).toEqual(rows);
    const permuted = studyOf(WITH_LOSS.results.map((result) => ({ ...result, shuffleIndex: 5 })));
    const both = correlations(
      [...dimensions, ...permuted.of("intrinsicDimension", 2)],
      [...losses, ...permuted.of("loss")],
      log,
    );
    expect(both).toHaveLength(6);
    expect(() => correlations(SHUFFLED.of("intrinsicDimension", 2), SHUFFLED.of("loss").slice(1))).toThrow(
      "llama-mini, prompt 0: intrinsicDimension without a partner",
    );
  });

  it("have a seeded bootstrap interval instead of Fisher's", () => {
    const band = (seed: string) => correlations(dimensions, losses, { ...log, band: "bootstrap", seed });
    expect(band("1")).toEqual(band("1"));
    expect(band("1")).not.toEqual(band("2"));
    rows.forEach(({ coefficient, low }, i) => {
      expect(band("1")[i].low).toBeLessThanOrEqual(coefficient);
      expect(band("1")[i].high).toBeGreaterThanOrEqual(coefficient);
      expect(band("1")[i].low).not.toBe(low);
    });
    const few = (count: number, method: "pearson" | "spearman") =>
      correlations(
        dimensions,
        losses.slice(0, count).concat(losses.slice(count).map((row) => ({ ...row, value: Number.NaN }))),
        {
          ...log,
          method,
          band: "bootstrap",
        },
      );
    // Of three prompts every other draw is a perfect line, and of a perfect order all are.
    expect(few(3, "pearson").map(({ low, high, n }) => [low, high, n])).toEqual(
      rows.map(() => [Number.NaN, Number.NaN, 3]),
    );
    const [perfect] = few(4, "spearman");
    expect(perfect).toMatchObject({ coefficient: 1, n: 4, low: Number.NaN, high: Number.NaN });
    expect(perfect.p).toBeCloseTo(2 / 24, 12);
    // A layer without numbers takes the band from itself alone.
    const partly = dimensions.map((row) => (row.layer === 1 ? { ...row, value: Number.NaN } : row));
    const bands = correlations(partly, losses, { ...log, band: "bootstrap" });
    expect(bands.map(({ low, n }) => [Number.isFinite(low), n])).toEqual([
      [false, 0],
      [true, 12],
      [true, 12],
    ]);
    expect(() => correlations(dimensions, losses, { band: "wide" })).toThrow('unknown band "wide"');
  });
});

describe("published correlations", () => {
  it("are those of the authors' arrays, with their n", () => {
    const of = (model: string, scaling: number, method: "pearson" | "spearman" = "pearson") =>
      publishedCorrelations(scaling, { models: [model], method }).filter(({ note }) => note === undefined);
    const mistral = of("Mistral-7B", 4, "spearman");
    expect([mistral.length, mistral[31].coefficient, mistral[31].n]).toEqual([32, 0.5417, 50]);
    expect(of("GPT-2", 8)[11]).toMatchObject({ coefficient: 0.5104, n: 2244, depth: 1 });
    expect(() => of("GPT-2", 8, "spearman")).toThrow("there are those of Llama-3-8B");
    expect(() => of("Llama-3-8B", 16)).toThrow("there are 2, 4, 8");
  });

  it("come with what was read off the printed figures, where a marker can be seen", () => {
    const readOff = readOffCorrelations("Llama-3-8B", 2);
    expect(readOff[0]).toMatchObject({
      layer: 2,
      coefficient: 0.632,
      n: Number.NaN,
      note: "read off the printed figure",
    });
    const all = publishedCorrelations(2, { models: ["Llama-3-8B"] });
    expect(all.slice(32)).toEqual(readOff);
    expect(readOffCorrelations("Llama-3-8B", 8)).toEqual([]);
    expect(readOffCorrelations("OPT-6.7B", 2)).toEqual([]);
    expect(readOffCorrelations("OPT-6.7B", 4).length).toBeGreaterThan(20);
  });

  it("of the logits follow from the published values, to the digit", () => {
    const of = (quantity: "loss" | "meanEntropy" | "logitsIntrinsicDimension", parameter?: number) =>
      published(quantity, parameter, { models: ["Llama-3-8B"] });
    for (const scaling of [2, 4, 8]) {
      const [{ coefficient }] = correlations(of("logitsIntrinsicDimension", scaling), of("meanEntropy"), log);
      expect(coefficient.toFixed(4)).toBe(publishedLogitCorrelations(scaling).dimensionEntropy.toFixed(4));
    }
    const [{ coefficient }] = correlations(of("loss"), of("meanEntropy"));
    expect(coefficient.toFixed(4)).toBe(publishedLogitCorrelations(2).entropyLoss.toFixed(4));
    expect(publishedLogitCorrelations(3).dimensionEntropy).toBeNaN();
  });
});
