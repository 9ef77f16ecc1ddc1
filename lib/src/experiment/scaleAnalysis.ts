import type { PromptResult } from "./experiment";
import { average } from "./profiles";
import { publishedMean, publishedParameters, publishedPrompt } from "./published";
import type { UnitResult } from "./unit";

/** Intrinsic dimension of a layer at every range scaling n2. */
export interface ScaleCurve {
  layer: number;
  scalings: number[];
  mean: number[];
  /** Over prompts; of one prompt the estimator's own standard error, where it is known. */
  deviation?: number[];
  /** Number of prompts. */
  n: number;
}

/** What one model says of the intrinsic dimension at all scales. */
export interface ScaleSource {
  label: string;
  promptName: string;
  /** Of the shuffled prompt. */
  shuffleIndex: number;
  shuffledPrompt: ScaleCurve[];
  prompt: ScaleCurve[];
  mean: ScaleCurve[];
}

/** The layers nearest to relative depths: 0.5 of 12 layers is layer 6. The first layer is 1. */
export function layersAtDepths(layers: number, depths: readonly number[]): number[] {
  return depths.map((depth) => Math.min(layers, Math.max(1, Math.round(depth * layers))));
}

/**
 * Scale analysis of this machine's results, one source a model. None without results.
 *
 * @param meanResults structured prompts (S = 0) that the mean is over
 * @param promptResults the single prompt as written and shuffled
 * @param depths relative depths of the layers, above 0 up to 1
 */
export function runScaleSources(
  meanResults: readonly PromptResult[] | undefined,
  promptResults: readonly PromptResult[] | undefined,
  depths: readonly number[],
): ScaleSource[] {
  if (!meanResults || !promptResults) return [];
  const models = [...new Set(meanResults.map(({ model }) => model))];
  return models.map((label) => {
    const ofPrompt = promptResults.filter(({ model }) => model === label);
    const structured = meanResults.filter(({ model, shuffleIndex }) => model === label && shuffleIndex === 0);
    const shuffleIndex = Math.max(0, ...ofPrompt.map((result) => result.shuffleIndex));
    const layers = layersAtDepths(structured[0].result.layers.length - 1, depths);
    const promptAt = (index: number) => ofPrompt.find((result) => result.shuffleIndex === index)?.result;
    const curves = (results: (UnitResult | undefined)[]) => {
      const there = results.filter((result) => result !== undefined);
      return there.length === 0 ? [] : layers.map((layer) => scaleCurve(there, layer));
    };
    return {
      label,
      promptName: ofPrompt[0]?.prompt ?? "",
      shuffleIndex,
      shuffledPrompt: curves([promptAt(shuffleIndex)]),
      prompt: curves([promptAt(0)]),
      mean: curves(structured.map(({ result }) => result)),
    };
  });
}

function scaleCurve(results: readonly UnitResult[], layer: number): ScaleCurve {
  const estimates = results.map(({ layers }) => layers[layer].intrinsicDimension);
  // Where prompts differ in distinct tokens, the scalings that all of them have.
  const count = Math.min(...estimates.map(({ length }) => length));
  const places = Array.from({ length: count }, (_, place) => place);
  const mean = places.map((place) => average(estimates.map((all) => all[place].id)));
  const spread = places.map((place) => Math.sqrt(average(estimates.map((all) => (all[place].id - mean[place]) ** 2))));
  return {
    layer,
    scalings: places.map((place) => estimates[0][place].scaling),
    mean,
    deviation: results.length === 1 ? places.map((place) => estimates[0][place].error) : spread,
    n: results.length,
  };
}

/** The published counterpart of {@link runScaleSources}, with prompt 3218 and S = 5. */
export function publishedScaleSources(models: readonly string[], depths: readonly number[]): ScaleSource[] {
  const { scalings } = publishedParameters();
  return models.map((model) => {
    const means = scalings.map((scaling) => publishedMean(model, "intrinsicDimension", 0, scaling));
    const layers = layersAtDepths(means[0].layers.length, depths);
    const promptCurves = (shuffleIndex: number) => {
      const profiles = scalings.map((scaling) => publishedPrompt(model, "intrinsicDimension", shuffleIndex, scaling));
      return layers.map((layer) => ({ layer, scalings, mean: profiles.map(({ values }) => values[layer - 1]), n: 1 }));
    };
    return {
      label: `${model} (published)`,
      promptName: "prompt 3218",
      shuffleIndex: 5,
      shuffledPrompt: promptCurves(5),
      prompt: promptCurves(0),
      mean: layers.map((layer) => ({
        layer,
        scalings,
        mean: means.map(({ mean }) => mean[layer - 1]),
        deviation: means.map(({ std }) => std[layer - 1]),
        n: means[0].n,
      })),
    };
  });
}

/** A depth and a scaling of a model: our mean, the published one, or both with their difference. */
export type ScaleRow = Record<string, string | number>;

/** Our means beside the published ones, the first model beside the first published one and so on. */
export function scaleTable(
  ours: readonly ScaleSource[],
  published: readonly ScaleSource[],
  depths: readonly number[],
): ScaleRow[] {
  const present = ours.length > 0 ? ours : published;
  return present.flatMap(({ label, mean }, index) => {
    const other = ours.length > 0 ? published[Math.min(index, published.length - 1)] : undefined;
    return mean.flatMap((curve, depthIndex) =>
      curve.scalings.map((n2, place): ScaleRow => {
        const head = { source: label, depth: depths[depthIndex], layer: curve.layer, n2 };
        const own = { mean: curve.mean[place], sd: curve.deviation?.[place] ?? Number.NaN, n: curve.n };
        const counterpart = other?.mean[depthIndex];
        const there = counterpart ? counterpart.scalings.indexOf(n2) : -1;
        if (!counterpart || there < 0) return { ...head, ...own };
        return {
          ...head,
          ...own,
          "published layer": counterpart.layer,
          published: counterpart.mean[there],
          "published sd": counterpart.deviation?.[there] ?? Number.NaN,
          difference: curve.mean[place] - counterpart.mean[there],
          "published n": counterpart.n,
        };
      }),
    );
  });
}
