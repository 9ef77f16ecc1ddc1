import { describe, expect, it } from "vitest";
import { ofFirstModel, SHUFFLED, SINGLE, studyOf, WITH_LOSS } from "../../../tests/support/studyRows";
import { correlations, publishedCorrelations, publishedTable1 } from "./correlations";
import { meanOverPrompts, rises } from "./means";
import { publishedMeans } from "./published";
import { select } from "./row";
import { correlationPeakTable, correlationTable, deviations, peakTable, riseTable, table1 } from "./tables";

const ours = ofFirstModel(meanOverPrompts(SHUFFLED.of("intrinsicDimension", 2)));
const models = ["Llama-3-8B"];
const published = publishedMeans("intrinsicDimension", 2, { models });

describe("deviations", () => {
  it("hold each shuffle index against the same one, at the same relative depth", () => {
    const table = deviations([...ours, ...published]);
    expect(table.map((row) => row["published layer"])).toEqual([11, 21, 32, 11, 21, 32]);
    const [{ mean }] = select(published, { shuffle: 5, layer: 32 });
    expect(table[5]).toMatchObject({ model: "llama-mini", S: 5, layer: 3, published: mean, n: 2, "published n": 50 });
    expect(table[5].difference).toBeCloseTo(Number(table[5].ours) - mean, 12);
    expect(table[5]).not.toHaveProperty("published S");
  });

  it("say so where the full permutation has another index", () => {
    const shorter = ours.map((row) => (row.shuffle === 5 ? { ...row, shuffle: 4 } : row));
    const middle = ours.map((row) => ({ ...row, shuffle: 1 }));
    const table = deviations([...shorter, ...middle, ...published]);
    expect(table[5]).toMatchObject({ S: 4, "published S": 5 });
    expect(table[6]).toEqual({ origin: "computed", model: "llama-mini", S: 1, layer: 1, mean: 14, sd: 1, n: 2 });
  });

  it("list one side alone where the other is missing", () => {
    expect(deviations(ours)[0]).toEqual({
      origin: "computed",
      model: "llama-mini",
      S: 0,
      layer: 1,
      mean: 14,
      sd: 1,
      n: 2,
    });
    expect(deviations(published)).toHaveLength(64);
  });

  it("go through the models and the parameters", () => {
    const both = meanOverPrompts([2, 4].flatMap((scaling) => SHUFFLED.of("intrinsicDimension", scaling)));
    const all = { models: ["Llama-3-8B", "Mistral-7B"] };
    const theirs = [2, 4].flatMap((scaling) => publishedMeans("intrinsicDimension", scaling, all));
    const table = deviations([...both, ...theirs]);
    expect(table.map(({ n2 }) => n2)).toEqual([...new Array(12).fill(2), ...new Array(12).fill(4)]);
    const [mistral] = select(theirs, { model: "Mistral-7B", parameter: 4, shuffle: 0, layer: 11 });
    expect(table[18]).toMatchObject({ n2: 4, model: "opt-mini", S: 0, layer: 1, published: mistral.mean });
    expect(peakTable([...both, ...theirs])).toHaveLength(16);
  });
});

it("peaks and rises", () => {
  expect(peakTable(ours)[0]).toEqual({
    origin: "computed",
    model: "llama-mini",
    S: 0,
    layer: 3,
    depth: 1,
    height: 16,
    sd: 1,
    n: 2,
  });
  const single = ofFirstModel(SINGLE.of("intrinsicDimension", 2));
  expect(peakTable(single)[1]).toEqual({
    origin: "computed",
    model: "llama-mini",
    prompt: "prompt 0",
    S: 5,
    layer: 3,
    depth: 1,
    height: 15.5,
  });
  expect(riseTable(rises(single))[0]).toMatchObject({
    "peak higher when shuffled": "1 of 1",
    "mean rise": 0.5,
    "sd of the rise": Number.NaN,
    n: 1,
  });
});

describe("of nothing", () => {
  const valuesAt = (...values: number[]) =>
    values.map((mean, i) => ({ ...ours[0], layer: i + 1, depth: (i + 1) / values.length, mean }));

  it("there is no peak, and the table says why", () => {
    const place = (...values: number[]) => {
      const [{ layer, depth, height, "as high at": tied, "no peak": why }] = peakTable(valuesAt(...values));
      return [layer, depth, height, tied, why];
    };
    const [none, empty] = [Number.NaN, undefined];
    expect(place(none, none)).toEqual([null, null, none, empty, "no layer has a number"]);
    expect(place(3, 3)).toEqual([null, null, 3, empty, "the same at every layer"]);
    expect(place(none, 2, 5, 5)).toEqual([3, 0.75, 5, "4", empty]);
  });

  it("there is no rise: of one order, of a dimension that does not exist", () => {
    const [template] = SINGLE.of("intrinsicDimension", 2);
    const rows = ["a", "b"].flatMap((prompt) => [1, 2].map((layer) => ({ ...template, prompt, layer, value: layer })));
    expect(riseTable(rises(rows))[0]).toMatchObject({
      "peak higher when shuffled": null,
      "mean rise": Number.NaN,
      "sd of the rise": Number.NaN,
      n: 0,
      "without a rise": 2,
    });
    const shuffled = rows.map((row) => ({ ...row, shuffle: 5, value: row.prompt === "a" ? 7 : Number.NaN }));
    expect(riseTable(rises([...rows, ...shuffled]))[0]).toMatchObject({
      "peak higher when shuffled": "1 of 1",
      "mean first peak": 2,
      "mean rise": 5,
      n: 1,
      "without a rise": 1,
    });
  });

  it("there is no correlation, whatever the method and the band", () => {
    const prompts = (count: number) => WITH_LOSS.results.slice(0, count);
    for (const count of [1, 2]) {
      for (const options of [{}, { method: "spearman" }, { band: "bootstrap" }] as const) {
        const study = studyOf(prompts(count));
        const rows = correlations(study.of("intrinsicDimension", 2), study.of("loss"), options);
        expect(correlationPeakTable(rows)).toEqual([
          {
            ...{
              origin: "computed",
              model: "llama-mini",
              "peak layer": null,
              depth: null,
              "no peak": "no layer has a number",
            },
            ...{ ρ: Number.NaN, "95% from": Number.NaN, "95% to": Number.NaN, p: "fewer than 3 pairs", n: count },
          },
        ]);
        const [first] = table1(rows.map((row) => ({ ...row, label: "token, 2NN" })));
        expect(first).toMatchObject({ "at layer": null, p: "fewer than 3 pairs", n: count });
      }
    }
  });
});

describe("correlations", () => {
  const own = correlations(WITH_LOSS.of("intrinsicDimension", 2), WITH_LOSS.of("loss"), { transform: Math.log });
  const theirs = publishedCorrelations(2, { models });

  it("stand beside the published layer at the same relative depth", () => {
    const table = correlationTable([...own, ...theirs]);
    expect(table.map((row) => row["published layer"])).toEqual([11, 21, 32]);
    expect(table[0]).toMatchObject({ model: "llama-mini", layer: 1, n: 12, "published ρ": 0.6901 });
    expect(table[0].difference).toBeCloseTo(own[0].coefficient - 0.6901, 12);
    expect(correlationTable(theirs)).toHaveLength(32);
    const second = own.map((row) => ({ ...row, model: "other" }));
    const alone = correlationTable([...own, ...second, ...theirs]).slice(3);
    expect(alone.map((row) => Object.hasOwn(row, "difference"))).toEqual([false, false, false]);
    const [peak] = correlationPeakTable(theirs);
    expect(peak).toMatchObject({ model: "Llama-3-8B", "peak layer": 7, ρ: 0.7683, p: "7.4e-11", n: 50 });
  });

  it("make Table 1, whatever their sign", () => {
    const labelled = own.map((row) => ({ ...row, label: "token, 2NN" }));
    const table = table1([...labelled, ...publishedTable1()]);
    expect(table.map(({ level, estimator }) => `${level} ${estimator}`)).toEqual([
      "prompt ESS",
      "prompt 2NN",
      "prompt high scaling",
      "token 2NN",
      "token scaling 8",
    ]);
    const strongest = Math.max(...own.map(({ coefficient }) => Math.abs(coefficient)));
    expect(Math.abs(table[3].ρ as number)).toBe(strongest);
    expect(table[3]).toMatchObject({ "published ρ": 0.69, "published p": "<0.01" });
    expect(table[4]).toEqual({ level: "token", estimator: "scaling 8", "published ρ": 0.73, "published p": "<0.01" });
  });
});
