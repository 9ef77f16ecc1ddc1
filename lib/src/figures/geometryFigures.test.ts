import { describe, expect, it } from "vitest";
import { expectFigureSnapshot } from "../../../tests/support/figureSnapshot";
import type { PromptResult } from "../experiment/experiment";
import { layerAsDeepAs, meanAngles, promptAngles } from "../experiment/neighborAngles";
import { publishedMean, publishedPrompt } from "../experiment/published";
import { publishedPromptDimension, publishedPromptRows } from "../experiment/publishedPrompts";
import { layersAtDepths, publishedScaleSources, runScaleSources, scaleTable } from "../experiment/scaleAnalysis";
import type { UnitResult } from "../experiment/unit";
import { shuffleExamples } from "../prompts/shuffleExample";
import { figure1, figure1Interactive } from "./fig01";
import { figure4 } from "./fig04";
import { figure8, meanRise, promptPeakTable, promptRises, publishedPromptProfiles, runPrompts } from "./fig08";
import { figure9 } from "./fig09";
import { figure10 } from "./fig10";
import { figure11 } from "./fig11";
import { figure12 } from "./fig12";
import { figure13 } from "./fig13";
import { figure14 } from "./fig14";
import { figure15 } from "./fig15";
import { figure16 } from "./fig16";
import type { Figure, PlotlyTrace } from "./figure";
import {
  publishedSources,
  publishedSourcesByParameter,
  runSources,
  runSourcesByParameter,
  structuredOnly,
} from "./modelSources";
import { deviationTable, parameterDeviationTable, parameterPeakTable, peakTable } from "./profileTables";

const MODELS = ["Llama-3-8B", "Mistral-7B", "Pythia-6.9B"];
const dimension = { quantity: "intrinsicDimension" as const, parameter: 2 };
const overlap = { quantity: "neighborhoodOverlap" as const, parameter: 2 };

/** Three layers after the embeddings; every number says where it is from: model, prompt, S, layer, scaling or k. */
function result(model: number, prompt: number, shuffleIndex: number): PromptResult {
  const base = 10 * (model + 1) + prompt + shuffleIndex / 10;
  const layers = [0, 1, 2, 3].map((layer) => ({
    intrinsicDimension: [2, 4, 8].map((scaling) => ({ scaling, id: base + layer + scaling, error: 0.5, scale: 1 })),
    neighborhoodOverlap: [1, 2, 3].map((k) => base / 1000 + layer / 10 + k / 100),
    neighborAngle: { mean: 60 + base / 100 + layer, std: 20, histogram: [...new Array<number>(89).fill(prompt), 7] },
  }));
  return {
    model: ["llama-mini", "opt-mini"][model],
    prompt: `prompt ${prompt}`,
    shuffleIndex,
    result: { layers, loss: 1, meanEntropy: 1 } as unknown as UnitResult,
  };
}

const run = [0, 1].flatMap((model) => [0, 2].flatMap((prompt) => [0, 5].map((index) => result(model, prompt, index))));
const single = run.filter(({ prompt }) => prompt === "prompt 0");

/** The lines of a figure, without bands and color bar. */
const linesOf = ({ data }: Figure): PlotlyTrace[] =>
  data.filter(({ fill, x }) => fill === undefined && (x as unknown[])[0] !== null);

describe("Figure 1", () => {
  const pieces = [..."abcdefghijklmnop"];
  const examples = shuffleExamples(16, [0, 1, 2], "1");

  it("as snapshots", async () => {
    await expectFigureSnapshot(figure1(pieces, examples));
    await expectFigureSnapshot(figure1Interactive(pieces, examples));
  });

  it("puts every token where its order says, blocks together", () => {
    figure1(pieces, examples).data.forEach(({ x }, row) => {
      const { order, blockLength } = examples[row];
      const places = order.map((token) => (x as number[])[token]);
      places.slice(1).forEach((place, i) => {
        expect(place - places[i]).toBeCloseTo((i + 1) % blockLength === 0 ? 1.25 : 1, 10);
      });
    });
  });

  it("counts the pairs that stay together", () => {
    expect(examples[0]).toMatchObject({ blocks: 1, blockLength: 16, pairsKept: 15 });
    expect(examples[1].pairsKept).toBeGreaterThanOrEqual(12);
    expect(examples[2].order.toSorted((a, b) => a - b)).toEqual(examples[0].order);
  });

  it("slides to the orders without a kernel", () => {
    const [slider] = figure1Interactive(pieces, examples).layout.sliders as { steps: { args: unknown[] }[] }[];
    const [frame] = slider.steps[2].args as [{ data: { x: number[] }[] }];
    expect(frame.data[0].x).toEqual(figure1(pieces, examples).data[2].x);
  });
});

describe("Figure 4", () => {
  const of = (results: PromptResult[]) => results.filter(({ model }) => model === "llama-mini");

  it("as a snapshot", () => expectFigureSnapshot(figure4(of(single), of(run), 2)));

  it("shows every token once, and every prompt once", () => {
    const traces = figure4(of(single), of(run), 2).data;
    const sums = traces.map(({ y }) => (y as number[]).reduce((sum, count) => sum + count, 0));
    expect(sums).toEqual([7, 7, 2, 2]);
  });

  it("has the mean angles of the prompts at the layer", () => {
    expect(meanAngles(of(run), 2)[1].values.map((value) => value.toFixed(3))).toEqual(["62.105", "62.125"]);
    expect(promptAngles(of(single), 3).map(({ mean }) => mean.toFixed(3))).toEqual(["63.100", "63.105"]);
    expect(() => meanAngles(run, 4)).toThrow("layer 4 of llama-mini: layers are 1 to 3");
    expect([layerAsDeepAs(10, 12), layerAsDeepAs(10, 32), layerAsDeepAs(10, 1)]).toEqual([4, 10, 1]);
  });
});

describe("Figure 8", () => {
  const rows = publishedPromptRows().slice(0, 2);
  const published = publishedPromptProfiles("Llama-3-8B", rows);

  it("as a snapshot", () => expectFigureSnapshot(figure8([runPrompts(single.slice(0, 2)), published])));

  it("shows the published prompts to the digit", () => {
    const lines = linesOf(figure8([[], published]));
    expect(lines).toHaveLength(12);
    expect(lines[8].y).toEqual(publishedPromptDimension("Llama-3-8B", rows[1], 2).values);
    for (const model of MODELS) {
      for (const index of [0, 5]) {
        expect(publishedPromptDimension(model, 3218, index)).toEqual(
          publishedPrompt(model, "intrinsicDimension", index, 2),
        );
      }
    }
  });

  it("averages to the published means", () => {
    const all = publishedPromptRows().map((row) => publishedPromptDimension("Mistral-7B", row, 5).values[11]);
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    expect(mean).toBeCloseTo(publishedMean("Mistral-7B", "intrinsicDimension", 5, 2).mean[11], 2);
  });

  it("refuses what is not published", () => {
    expect(() => publishedPromptProfiles("Llama-3-8B", rows, 4)).toThrow("only at 2");
    expect(() => publishedPromptProfiles("Llama-3-8B", [5])).toThrow("no published results of prompt 5");
    expect(() => publishedPromptProfiles("Llama", rows)).toThrow('no published prompts of "Llama"');
  });

  it("has the peaks and rises", () => {
    const prompts = runPrompts(single.slice(0, 2));
    expect(promptPeakTable([prompts])[1]).toEqual({ prompt: "prompt 0", S: 5, layer: 3, depth: 1, height: 15.5 });
    const rises = promptRises(prompts);
    expect(rises).toEqual([{ title: "prompt 0", first: 15, last: 15.5, rise: 0.5 }]);
    expect(meanRise(rises)).toMatchObject({ "mean rise": 0.5, "sd of the rise": 0, n: 1 });
  });
});

describe("figures by model and parameter, as snapshots of the published view", () => {
  const published = publishedSources(MODELS, dimension);
  it("Figure 9", () => expectFigureSnapshot(figure9([published.slice(0, 2)])));
  it("Figure 10", () =>
    expectFigureSnapshot(figure10([publishedSourcesByParameter([MODELS[0]], "intrinsicDimension", [2, 8])])));
  it("Figure 11", () =>
    expectFigureSnapshot(figure11([publishedSourcesByParameter([MODELS[0]], "neighborhoodOverlap", [1, 2, 3, 4])])));
  it("Figure 12", () => expectFigureSnapshot(figure12([published])));
  it("Figure 13", () => expectFigureSnapshot(figure13([publishedSources(MODELS, overlap)])));
  it("Figure 14", () =>
    expectFigureSnapshot(figure14([publishedScaleSources(MODELS.slice(0, 2), [0.3, 1])], [0.3, 1])));
  it("Figure 15", () =>
    expectFigureSnapshot(figure15([publishedSourcesByParameter(MODELS, "intrinsicDimension", [2, 4], false)])));
  it("Figure 16", () =>
    expectFigureSnapshot(figure16([publishedSourcesByParameter(MODELS, "neighborhoodOverlap", [8], false)])));
});

describe("the published view", () => {
  it.each(MODELS)("of %s shows published.json to the digit", (model) => {
    const lines = linesOf(figure12([publishedSources([model], dimension)]));
    expect(lines.map(({ y }) => y)).toEqual([
      publishedPrompt(model, "intrinsicDimension", 0, 2).values,
      publishedMean(model, "intrinsicDimension", 0, 2).mean,
    ]);
    const overlaps = linesOf(figure11([publishedSourcesByParameter([model], "neighborhoodOverlap", [1, 6])]));
    expect(overlaps.map(({ y }) => y)).toEqual(
      [1, 6].flatMap((k) => [0, 5].map((index) => publishedMean(model, "neighborhoodOverlap", index, k).mean)),
    );
    const shuffled = linesOf(figure9([publishedSources([model], { ...dimension, parameter: 4 })], 4));
    expect(shuffled[4].y).toEqual(publishedPrompt(model, "intrinsicDimension", 4, 4).values);
  });

  it("of the scale analysis, too", () => {
    const [llama] = publishedScaleSources([MODELS[0]], [0.3]);
    expect(llama.mean[0]).toMatchObject({ layer: 10, n: 50, scalings: [2, 4, 8, 16, 32, 64, 128, 256] });
    const at = (scaling: number) => publishedMean(MODELS[0], "intrinsicDimension", 0, scaling);
    expect(llama.mean[0].mean).toEqual(llama.mean[0].scalings.map((scaling) => at(scaling).mean[9]));
    expect(llama.mean[0].deviation).toEqual(llama.mean[0].scalings.map((scaling) => at(scaling).std[9]));
    expect(llama.shuffledPrompt[0].mean[0]).toBe(publishedPrompt(MODELS[0], "intrinsicDimension", 5, 2).values[9]);
  });
});

describe("panels", () => {
  it("of this machine and the published ones are rows of their own, each with its vertical range", () => {
    const ours = runSourcesByParameter(run.slice(0, 4), "neighborhoodOverlap", [1, 2, 3]);
    const figure = figure11([ours, publishedSourcesByParameter([MODELS[0]], "neighborhoodOverlap", [1, 2])]);
    const axes = [1, 2, 3, 4, 5].map(
      (panel) => figure.layout[`yaxis${panel === 1 ? "" : panel}`] as { matches?: string },
    );
    expect(axes.map(({ matches }) => matches)).toEqual([undefined, "y", "y", undefined, "y4"]);
    expect(figure.layout.yaxis6).toMatchObject({ visible: false });
  });

  it("name each curve once in the legend", () => {
    const { data } = figure12([runSources(run, dimension, single), publishedSources(MODELS, dimension)]);
    const names = data.filter(({ showlegend }) => showlegend).map(({ name }) => name);
    expect(names).toEqual(["llama-mini", "opt-mini", ...MODELS]);
  });

  it("tell models apart by color, dash and marker", () => {
    const lines = linesOf(figure12([publishedSources(MODELS, dimension)])).slice(0, 3);
    for (const property of ["line", "marker"]) {
      expect(new Set(lines.map((line) => JSON.stringify(line[property]))).size).toBe(3);
    }
    expect(lines.map(({ line }) => (line as { color: string }).color)).toEqual(["#FE6100", "#DC267F", "#648FFF"]);
  });
});

describe("sources", () => {
  it("are one a model, with means over prompts and the single prompt", () => {
    const [llama, opt] = runSources(run, dimension, single);
    expect([llama.label, opt.label, llama.promptName]).toEqual(["llama-mini", "opt-mini", "prompt 0"]);
    expect(opt.mean[1]).toMatchObject({
      shuffleIndex: 5,
      curve: { layers: [1, 2, 3], n: 2, mean: [24.5, 25.5, 26.5] },
    });
    expect(opt.prompt[1].curve.values).toEqual([23.5, 24.5, 25.5]);
    expect(runSources(undefined, dimension)).toEqual([]);
    expect(structuredOnly(llama).mean.map(({ shuffleIndex }) => shuffleIndex)).toEqual([0]);
  });

  it("of the scale analysis have the layers at the depths", () => {
    expect(layersAtDepths(12, [0.01, 0.3, 0.5, 1])).toEqual([1, 4, 6, 12]);
    const [llama] = runScaleSources(run, single, [0.5, 1]);
    expect(llama.mean[1]).toMatchObject({
      layer: 3,
      n: 2,
      scalings: [2, 4, 8],
      mean: [16, 18, 22],
      deviation: [1, 1, 1],
    });
    expect(llama.shuffledPrompt[0]).toMatchObject({
      layer: 2,
      n: 1,
      mean: [14.5, 16.5, 20.5],
      deviation: [0.5, 0.5, 0.5],
    });
    const rows = scaleTable([llama], publishedScaleSources([MODELS[0]], [0.5, 1]), [0.5, 1]);
    expect(rows).toHaveLength(6);
    expect(rows[0]).toMatchObject({ layer: 2, n2: 2, mean: 15, "published layer": 16, "published n": 50 });
    expect(scaleTable([], publishedScaleSources([MODELS[0]], [1]), [1])).toHaveLength(8);
  });
});

describe("tables", () => {
  const ours = runSources(run.slice(0, 4), dimension);
  const published = publishedSources([MODELS[0]], dimension);

  it("of deviations hold each shuffle index against the same one", () => {
    const table = deviationTable(ours, published);
    expect(table).toHaveLength(6);
    const { mean } = publishedMean(MODELS[0], "intrinsicDimension", 5, 2);
    expect(table[5]).toMatchObject({
      source: "llama-mini",
      S: 5,
      layer: 3,
      "published layer": 32,
      published: mean[31],
    });
    expect(table[5].difference).toBeCloseTo(Number(table[5].ours) - mean[31], 12);
    expect(table[5]).not.toHaveProperty("published S");
  });

  it("say so where the full permutation has another index", () => {
    const [source] = ours;
    const shorter = { ...source, mean: [source.mean[0], { ...source.mean[1], shuffleIndex: 4 }] };
    expect(deviationTable([shorter], published)[5]).toMatchObject({ S: 4, "published S": 5 });
  });

  it("list one side alone where the other is missing", () => {
    expect(deviationTable(ours, [])[0]).toEqual({ source: "llama-mini", S: 0, layer: 1, mean: 14, sd: 1, n: 2 });
    expect(deviationTable([], published)).toHaveLength(64);
    expect(peakTable(ours)[0]).toEqual({ source: "llama-mini", S: 0, layer: 3, depth: 1, height: 16, sd: 1, n: 2 });
  });

  it("go through the parameters", () => {
    const groups = [2, 4].map((parameter) => ({ parameter, sources: ours }));
    const other = publishedSourcesByParameter([MODELS[0]], "intrinsicDimension", [2, 4]);
    const table = parameterDeviationTable(groups, other, "n2");
    expect(table.map(({ n2 }) => n2)).toEqual([...new Array(6).fill(2), ...new Array(6).fill(4)]);
    expect(parameterPeakTable([groups, other], "n2")).toHaveLength(8);
  });
});
