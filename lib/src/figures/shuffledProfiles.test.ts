import { describe, expect, test } from "vitest";
import { expectFigureSnapshot } from "../../../tests/support/figureSnapshot";
import { peakOf } from "../experiment/comparison";
import type { PromptResult } from "../experiment/experiment";
import { publishedMean, publishedPrompt } from "../experiment/published";
import type { UnitResult } from "../experiment/unit";
import { UserError } from "../support/errors";
import { figure2 } from "./fig02";
import { figure3 } from "./fig03";
import { figure5, runBelow } from "./fig05";
import type { Figure, PlotlyTrace } from "./figure";
import { publishedSource, runSource } from "./profileSources";

const LLAMA = "Llama-3-8B";
const cosine = publishedSource(LLAMA, { quantity: "cosineSimilarity" });
const dimension = publishedSource(LLAMA, { quantity: "intrinsicDimension" });
const overlap = publishedSource(LLAMA, { quantity: "neighborhoodOverlap" });
const peak = peakOf(publishedMean(LLAMA, "intrinsicDimension", 5, 2)).layer;

/** The lines of a panel, without the bands. */
const linesOf = (figure: Figure, xaxis: string): PlotlyTrace[] =>
  figure.data.filter((trace) => trace.xaxis === xaxis && trace.fill === undefined);

const bandsOf = (figure: Figure, xaxis: string): PlotlyTrace[] =>
  figure.data.filter((trace) => trace.xaxis === xaxis && trace.fill !== undefined);

describe("the published figures, as snapshots", () => {
  test("Figure 2", () => expectFigureSnapshot(figure2([cosine])));
  test("Figure 3", () => expectFigureSnapshot(figure3([dimension])));
  test("Figure 5", () => expectFigureSnapshot(figure5([overlap], [peak])));
});

describe("the published figures show the published numbers", () => {
  test.each([
    ["2", figure2([cosine]), "cosineSimilarity", undefined],
    ["3", figure3([dimension]), "intrinsicDimension", 2],
    ["5", figure5([overlap], [peak]), "neighborhoodOverlap", 2],
  ] as const)("Figure %s, to the digit", (_, figure, quantity, parameter) => {
    const left = linesOf(figure, "x");
    expect(left.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4, 5].map((index) => `S = ${index}`));
    left.forEach(({ x, y }, index) => {
      const { layers, values } = publishedPrompt(LLAMA, quantity, index, parameter);
      expect({ x, y }).toEqual({ x: layers, y: values });
    });
    const right = linesOf(figure, "x2");
    expect(right.map(({ name }) => name)).toEqual(["structured (S = 0)", "shuffled (S = 5)"]);
    [0, 5].forEach((index, line) => {
      const { layers, mean, std } = publishedMean(LLAMA, quantity, index, parameter);
      expect(right[line]).toMatchObject({ x: layers, y: mean });
      const upper = mean.map((value, i) => value + std[i]);
      const lower = mean.map((value, i) => value - std[i]);
      expect(bandsOf(figure, "x2")[line]).toMatchObject({
        x: [...layers, ...layers.toReversed()],
        y: [...upper, ...lower.toReversed()],
      });
    });
    expect(right[0].text).toContainEqual(expect.stringMatching(/^layer 7<br>.*<br>sd .*<br>n 50$/));
  });
});

test("rows: this machine's above the published ones, one legend, every panel titled", () => {
  const figure = figure3([{ ...dimension, label: "mini" }, dimension]);
  const annotations = figure.layout.annotations as { text: string }[];
  expect(annotations.map(({ text }) => text)).toEqual([
    "mini: prompt 3218",
    "mini: mean ± sd, 50 prompts",
    "Llama-3-8B (published): prompt 3218",
    "Llama-3-8B (published): mean ± sd, 50 prompts",
  ]);
  const listed = figure.data.filter(({ showlegend }) => showlegend === true);
  expect(listed.map(({ name, xaxis }) => [name, xaxis])).toEqual([
    ["structured (S = 0)", "x2"],
    ["shuffled (S = 5)", "x2"],
  ]);
  expect(new Set(figure.data.map(({ xaxis }) => xaxis))).toEqual(new Set(["x", "x2", "x3", "x4", undefined]));
  expect(figure.layout.height).toBeGreaterThan(figure3([dimension]).layout.height);
});

test("Figures 3 and 5 name the range scaling and k that they are made for", () => {
  const text = (figure: Figure) => `${figure.caption} ${JSON.stringify(figure.layout.yaxis)}`;
  expect(text(figure3([publishedSource(LLAMA, { quantity: "intrinsicDimension", parameter: 4 })], 4))).toMatch(
    /n2 = 4.*<sub>2<\/sub> = 4/,
  );
  const wide = publishedSource(LLAMA, { quantity: "neighborhoodOverlap", parameter: 16 });
  expect(text(figure5([wide], [], 16))).toMatch(/the 16 nearest.*k = 16/);
});

describe("the gray band of Figure 5", () => {
  const layers = [1, 2, 3, 4, 5, 6];
  const upper = { layers, mean: [5, 5, 5, 5, 5, 5] };

  test.each([
    ["around the peak", [6, 4, 3, 4, 6, 4], 3, { first: 2, last: 4 }],
    ["at the peak only", [6, 6, 4, 6, 4, 4], 3, { first: 3, last: 3 }],
    ["everywhere", [1, 1, 1, 1, 1, 1], 1, { first: 1, last: 6 }],
    ["not where the curves are equal", [1, 1, 5, 1, 1, 1], 3, undefined],
    ["not where it lies above at the peak", [1, 1, 9, 1, 1, 1], 3, undefined],
    ["not without a peak", [1, 1, 1, 1, 1, 1], undefined, undefined],
    ["not where the peak is no layer", [1, 1, 1, 1, 1, 1], 7, undefined],
  ])("%s", (_, mean, layer, expected) => {
    expect(runBelow(upper, { mean }, layer)).toEqual(expected);
  });

  test("spans whole layers of the right panel", () => {
    const [band] = figure5([overlap], [peak]).layout.shapes as Record<string, unknown>[];
    const { first, last } = runBelow(overlap.mean[0].curve, overlap.mean[1].curve, peak)!;
    expect(band).toMatchObject({ xref: "x2", x0: first - 0.5, x1: last + 0.5, layer: "below" });
    expect(first).toBeLessThanOrEqual(peak);
    expect(last).toBeGreaterThanOrEqual(peak);
  });
});

describe("runSource", () => {
  const result = (value: number): UnitResult => {
    const mean = { mean: value, std: 0 };
    const layer = (index: number) => ({
      intrinsicDimension: [{ scaling: 2, id: value + index, error: 0.1, scale: 1 }],
      twoNN: { fit: value, ml: value },
      cosineSimilarity: { mean: value / 10, std: 0.1 },
      neighborhoodOverlap: index === 0 ? [] : [value / 100, value / 50],
      neighborAngle: { ...mean, histogram: [] },
    });
    return { layers: [0, 1, 2, 3].map(layer), loss: 1, meanEntropy: 1 } as unknown as UnitResult;
  };
  const of = (model: string, prompt: string, shuffleIndex: number, value: number): PromptResult => ({
    model,
    prompt,
    shuffleIndex,
    result: result(value),
  });
  const all = [of("a", "p", 0, 2), of("a", "q", 0, 4), of("b", "p", 0, 9), of("a", "p", 2, 6), of("a", "q", 2, 8)];
  const single = [of("a", "p", 0, 2), of("a", "p", 1, 3), of("b", "p", 0, 9)];

  test("the single prompt at every index, and mean and deviation of all, of one model", () => {
    expect(runSource("a", single, all, { quantity: "intrinsicDimension" })).toEqual({
      label: "a",
      promptName: "p",
      prompt: [
        { shuffleIndex: 0, curve: { layers: [1, 2, 3], values: [3, 4, 5] } },
        { shuffleIndex: 1, curve: { layers: [1, 2, 3], values: [4, 5, 6] } },
      ],
      mean: [
        { shuffleIndex: 0, curve: { layers: [1, 2, 3], mean: [4, 5, 6], std: [1, 1, 1], n: 2 } },
        { shuffleIndex: 2, curve: { layers: [1, 2, 3], mean: [8, 9, 10], std: [1, 1, 1], n: 2 } },
      ],
    });
  });

  test("cosine from layer 0 on, overlap for l = 1 to L - 1", () => {
    const [first] = runSource("a", single, all, { quantity: "cosineSimilarity" }).prompt;
    expect(first.curve).toEqual({ layers: [0, 1, 2, 3], values: [0.2, 0.2, 0.2, 0.2] });
    const source = runSource("a", single, all, { quantity: "neighborhoodOverlap", parameter: 1 });
    expect(source.prompt[0].curve).toEqual({ layers: [1, 2], values: [0.02, 0.02] });
  });

  test("what is not there is refused with what is", () => {
    expect(() => runSource("c", single, all, { quantity: "cosineSimilarity" })).toThrow(UserError);
    expect(() => runSource("c", single, all, { quantity: "cosineSimilarity" })).toThrow("no results of model c");
    expect(() => runSource("a", single, all, { quantity: "intrinsicDimension", parameter: 4 })).toThrow(
      "no intrinsic dimension at range scaling 4: there is 2",
    );
    expect(() => runSource("a", single, all, { quantity: "neighborhoodOverlap", parameter: 3 })).toThrow(
      "no neighborhood overlap for k = 3: k is 1 to 2",
    );
  });
});
