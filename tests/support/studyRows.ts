import type { LayerGeometry } from "../../lib/src/geometry/metrics";
import { askedMetricNames, coreMetricNames } from "../../lib/src/machine/experiment/entries";
import type { ExperimentResult, Origin, PromptResult } from "../../lib/src/machine/experiment/experiment";
import type { UnitResult } from "../../lib/src/machine/experiment/unit";
import { randomGenerator } from "../../lib/src/machine/support/random";
import { Study } from "../../lib/src/results/study";

const { NaN: none } = Number;
const NO_LAYER: LayerGeometry = {
  intrinsicDimension: [],
  twoNN: { fit: none, ml: none },
  cosineSimilarity: { mean: none, std: none },
  neighborhoodOverlap: [],
  neighborAngle: { mean: none, std: none, histogram: [] },
};

/** A result of a prompt, where only what is given is known. */
export function promptResult(
  place: Omit<PromptResult, "result">,
  { layers, ...pass }: Omit<Partial<UnitResult>, "layers"> & { layers: Partial<LayerGeometry>[] },
): PromptResult {
  const complete = layers.map((layer) => ({ ...NO_LAYER, ...layer }));
  return { ...place, result: { loss: 1, meanEntropy: 1, ...pass, layers: complete } };
}

/** A study with given results, as if they had been measured. */
export function studyOf(
  results: PromptResult[],
  experiment: Partial<ExperimentResult> = {},
  origin: Origin = "computed",
): Study {
  const facts = { settings: {}, manifest: { models: [] }, origins: [], ...experiment };
  const names = [...coreMetricNames(), ...askedMetricNames()];
  const resultOrigins = results.map(() => Object.fromEntries(names.map((name) => [name, origin])));
  return new Study({ ...facts, results, resultOrigins } as unknown as ExperimentResult);
}

/** Three layers after the embeddings; every number says where it is from: model, prompt, S, layer, scaling or k. */
function shuffledResult(model: number, prompt: number, shuffleIndex: number): PromptResult {
  const base = 10 * (model + 1) + prompt + shuffleIndex / 10;
  const layers = [0, 1, 2, 3].map((layer) => ({
    intrinsicDimension: [2, 4, 8].map((scaling) => ({ scaling, id: base + layer + scaling, error: 0.5, scale: 1 })),
    cosineSimilarity: { mean: base / 100, std: 0.1 },
    neighborhoodOverlap: layer === 0 ? [] : [1, 2, 3].map((k) => base / 1000 + layer / 10 + k / 100),
    neighborAngle: {
      mean: 60 + base / 100 + layer,
      std: 20,
      histogram: [...new Array<number>(89).fill(prompt), 7],
    },
  }));
  return promptResult(
    { model: ["llama-mini", "opt-mini"][model], prompt: `prompt ${prompt}`, shuffleIndex },
    { layers },
  );
}

const shuffled = [0, 1].flatMap((model) =>
  [0, 2].flatMap((prompt) => [0, 5].map((shuffleIndex) => shuffledResult(model, prompt, shuffleIndex))),
);

/** Two models, two prompts, as written and permuted. */
export const SHUFFLED = studyOf(shuffled);
/** The first prompt alone. */
export const SINGLE = studyOf(shuffled.filter(({ prompt }) => prompt === "prompt 0"));
/** The first model. */
export const ofFirstModel = <R extends { model: string }>(rows: R[]): R[] =>
  rows.filter(({ model }) => model === "llama-mini");

/** Prompts of three layers: the ID at layer 1 grows with the loss, at layer 2 not at all, at layer 3 it falls. */
function lossResults(count: number): PromptResult[] {
  const random = randomGenerator("loss figures");
  return Array.from({ length: count }, (_, i) => {
    const loss = 1 + i / count + 0.1 * random();
    const layer = (id: number) => ({
      intrinsicDimension: [2, 4].map((scaling) => ({ scaling, id: id + 0.1 * random(), error: 0.1, scale: 1 })),
    });
    const layers = [layer(1), layer(2 + loss), layer(4 + (i % 3)), layer(9 - 2 * loss)];
    const logitsIntrinsicDimension = [{ scaling: 2, id: 3 + loss + random(), error: 0.1, scale: 1 }];
    const meanEntropy = 0.2 + loss + 0.1 * random();
    const place = { model: "llama-mini", prompt: `prompt ${i}`, shuffleIndex: 0 };
    return promptResult(place, { layers, loss, meanEntropy, logitsIntrinsicDimension });
  });
}

/** Twelve prompts of one model as written, with losses that the dimension goes with. */
export const WITH_LOSS = studyOf(lossResults(12));
