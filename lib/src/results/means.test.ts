import { describe, expect, it, test } from "vitest";
import { ofFirstModel, SHUFFLED, SINGLE } from "../../../tests/support/studyRows";
import { atDepths, highest, histogram, layerAsDeepAs, meanOverPrompts, peaks, rises } from "./means";
import { published } from "./published";
import { type Row, select } from "./row";
import { meansInWords, originInWords, promptsInWords } from "./wording";

const dimensions = SHUFFLED.of("intrinsicDimension", 2);
const [template] = dimensions;
const row = (prompt: string, layer: number, value: number, more: Partial<Row> = {}): Row => {
  return { ...template, prompt, layer, value, ...more };
};

describe("meanOverPrompts", () => {
  test("mean and population standard deviation, layer by layer", () => {
    const rows = [2, 4, 9].flatMap((value, i) => [row(`${i}`, 1, value), row(`${i}`, 2, 10)]);
    const means = meanOverPrompts(rows);
    expect(means.map(({ layer, mean, n }) => [layer, mean, n])).toEqual([
      [1, 5, 3],
      [2, 10, 3],
    ]);
    expect(means[0].sd).toBeCloseTo(Math.sqrt((9 + 1 + 16) / 3), 14); // ddof 0: divided by 3, not by 2
    expect(means[1].sd).toBe(0);
  });

  test("a single prompt has no deviation, a missing number stays missing, in its layer only", () => {
    expect(meanOverPrompts([row("a", 1, 7)])[0]).toMatchObject({ mean: 7, sd: Number.NaN, n: 1 });
    const means = meanOverPrompts([row("a", 1, Number.NaN), row("b", 1, 3), row("a", 2, 1), row("b", 2, 3)]);
    expect(means.map(({ mean }) => mean)).toEqual([Number.NaN, 2]);
    expect(meanOverPrompts([])).toEqual([]);
  });

  test("of models, orders and parameters apart; of one prompt twice none", () => {
    const means = meanOverPrompts([...dimensions, ...SHUFFLED.of("neighborhoodOverlap", 2)]);
    expect(means).toHaveLength(2 * 2 * (3 + 2));
    expect(
      select(means, { model: "opt-mini", shuffle: 5, quantity: "intrinsicDimension" }).map(({ mean }) => mean),
    ).toEqual([24.5, 25.5, 26.5]);
    expect(() => meanOverPrompts([...dimensions, ...SINGLE.of("intrinsicDimension", 2)])).toThrow(
      "llama-mini, intrinsicDimension, layer 1: a prompt is there twice",
    );
  });

  test("of stored and computed numbers counts as computed; published ones stay apart", () => {
    const mixed = [row("a", 1, 1, { origin: "store" }), row("b", 1, 2, { origin: "computed" })];
    expect(meanOverPrompts(mixed)[0].origin).toBe("computed");
    const means = meanOverPrompts([row("a", 1, 1, { origin: "recorded" }), row("a", 1, 2, { origin: "published" })]);
    expect(means.map(({ origin, n }) => [origin, n])).toEqual([
      ["recorded", 1],
      ["published", 1],
    ]);
    expect(originInWords([...means, ...mixed])).toBe("recorded and published and this machine");
    expect(promptsInWords([{ n: 48 }, { n: 16 }, { n: Number.NaN }])).toBe("16 to 48 prompts");
    expect([promptsInWords([]), meansInWords(meanOverPrompts([row("a", 1, 7)]))]).toEqual(["0 prompts", "1 prompt"]);
  });
});

describe("peaks", () => {
  it("are the first highest layer of each curve", () => {
    const curve = [1, 7, 7, 2].map((value, i) => row("a", i + 1, value));
    expect(peaks(curve).map(({ layer }) => layer)).toEqual([2]);
    expect(peaks(meanOverPrompts(dimensions)).map(({ model, shuffle, layer }) => [model, shuffle, layer])).toEqual([
      ["llama-mini", 0, 3],
      ["llama-mini", 5, 3],
      ["opt-mini", 0, 3],
      ["opt-mini", 5, 3],
    ]);
  });

  it("are not of nothing, nor of what is the same everywhere", () => {
    const peaksOf = (...values: number[]) =>
      peaks(values.map((value, i) => row("a", i + 1, value))).map(({ layer }) => layer);
    expect(peaksOf(Number.NaN, 2, 5)).toEqual([3]);
    expect(peaksOf(Number.NaN, 1, Number.NaN, 3, 2)).toEqual([4]);
    expect(peaksOf(2, Number.POSITIVE_INFINITY)).toEqual([1]);
    expect(peaksOf(-3, -1)).toEqual([2]);
    for (const values of [[Number.NaN, Number.NaN], [], [3, 3, 3], [Number.NaN, 3, 3], [0, 0]])
      expect(peaksOf(...values)).toEqual([]);
    const tied = [1, 7, 2, 7].map((value, i) => row("a", i + 1, value));
    expect(highest(tied).map(({ layer }) => layer)).toEqual([2, 4]);
    expect(
      highest(
        [1, -7, 2].map((value, i) => row("a", i + 1, value)),
        Math.abs,
      )[0].layer,
    ).toBe(2);
  });

  it("rise by shuffling, prompt by prompt", () => {
    expect(rises(ofFirstModel(SINGLE.of("intrinsicDimension", 2)))).toEqual([
      { origin: "computed", model: "llama-mini", prompt: "prompt 0", first: 15, last: 15.5, rise: 0.5 },
    ]);
    const once = [1, 2].map((layer) => row("a", layer, layer));
    const without = [...once, ...once.map((one) => ({ ...one, shuffle: 5, value: Number.NaN }))];
    expect([rises(once), rises(without)].flat().map(({ rise }) => rise)).toEqual([Number.NaN, Number.NaN]);
    expect(rises(published("intrinsicDimension", 2, { models: ["Llama-3-8B"] }))[0].rise).toBeGreaterThan(0);
  });
});

test("a histogram counts every value once, in bins without gaps", () => {
  const angles = ofFirstModel(select(SHUFFLED.of("neighborAngle"), { layer: 2, shuffle: 5 }));
  expect(angles.map(({ value }) => value.toFixed(3))).toEqual(["62.105", "62.125"]);
  expect(
    histogram(angles, 0.01).map(({ parameter, value, quantity, prompt }) => [
      parameter?.toFixed(2),
      value,
      quantity,
      prompt,
    ]),
  ).toEqual([
    ["62.10", 1, "neighborAngleCount", null],
    ["62.11", 0, "neighborAngleCount", null],
    ["62.12", 1, "neighborAngleCount", null],
  ]);
});

test("layers at relative depths", () => {
  expect([layerAsDeepAs(10, 12), layerAsDeepAs(10, 32), layerAsDeepAs(10, 1)]).toEqual([4, 10, 1]);
  const curve = Array.from({ length: 12 }, (_, i) => row("a", i + 1, 0));
  expect(atDepths(curve, [0.01, 0.3, 0.5, 1]).map(({ layer }) => layer)).toEqual([1, 4, 6, 12]);
});
