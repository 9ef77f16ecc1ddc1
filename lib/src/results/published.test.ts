import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT_ROOT } from "../machine/support/project";
import { peaks } from "./means";
import { published, publishedMeans, publishedPromptRows } from "./published";
import type { PublishedQuantity } from "./publishedFiles";
import { select } from "./row";

const raw = JSON.parse(readFileSync(join(PROJECT_ROOT, "data/published/published.json"), "utf8"));
const MODELS = ["Llama-3-8B", "Mistral-7B", "Pythia-6.9B"];
const LLAMA = { models: ["Llama-3-8B"] };

describe.each(MODELS)("%s: the numbers of published.json, to the digit", (model) => {
  const { shuffled, prompt3218 } = raw.models[model];
  const models = [model];

  test.each<[PublishedQuantity, number[], number]>([
    ["intrinsicDimension", raw.layout.scalings, 32],
    ["neighborhoodOverlap", raw.layout.k, 31],
  ])("%s at every scaling or k", (quantity, parameters, layers) => {
    const single = published(quantity, undefined, { models });
    const means = publishedMeans(quantity, undefined, { models, shuffles: [0, 1, 2, 3, 4, 5] });
    expect(means.length).toBe(6 * parameters.length * layers);
    for (const shuffle of [0, 1, 2, 3, 4, 5]) {
      parameters.forEach((parameter, i) => {
        const profile = select(single, { shuffle, parameter });
        expect(profile.map(({ value }) => value)).toEqual(prompt3218[quantity][shuffle][i]);
        expect(profile.map(({ layer }) => layer)).toEqual(Array.from({ length: layers }, (_, layer) => layer + 1));
        expect(profile[layers - 1]).toMatchObject({ origin: "published", model, prompt: "prompt 3218", depth: 1 });
        const curve = select(means, { shuffle, parameter });
        expect(curve.map(({ mean }) => mean)).toEqual(shuffled[quantity].mean[shuffle][i]);
        expect(curve.map(({ sd }) => sd)).toEqual(shuffled[quantity].std[shuffle][i]);
        expect(curve[0].n).toBe(50);
      });
    }
  });

  test("cosineSimilarity, from layer 0 on", () => {
    for (const shuffle of [0, 5]) {
      const profile = published("cosineSimilarity", undefined, { models, shuffles: [shuffle] });
      expect(profile.map(({ value }) => value)).toEqual(prompt3218.cosineSimilarity[shuffle]);
      expect(profile.map(({ layer }) => layer)).toEqual(Array.from({ length: 33 }, (_, layer) => layer));
      const means = publishedMeans("cosineSimilarity", undefined, { models, shuffles: [shuffle] });
      expect(means.map(({ mean }) => mean)).toEqual(shuffled.cosineSimilarity.mean[shuffle]);
    }
  });

  test("the prompt of the paper is one of the 50, whose mean is the published one", () => {
    const paper = published("intrinsicDimension", 2, { models });
    const prompts = publishedPromptRows();
    const all = published("intrinsicDimension", 2, { models, prompts });
    expect(select(all, { prompt: "prompt 3218" }).map(({ value }) => value)).toEqual(paper.map(({ value }) => value));
    const at = select(all, { shuffle: 5, layer: 12 });
    const mean = at.reduce((sum, { value }) => sum + value, 0) / at.length;
    expect(mean).toBeCloseTo(
      select(publishedMeans("intrinsicDimension", 2, { models }), { shuffle: 5, layer: 12 })[0].mean,
      2,
    );
  });
});

test("the logits of 2244 prompts of Llama-3-8B", () => {
  const entropies = published("meanEntropy", undefined, LLAMA);
  expect(entropies.map(({ value }) => value)).toEqual(raw.llamaLogits.contextualEntropy);
  const dimensions = published("logitsIntrinsicDimension", undefined, LLAMA);
  expect(select(dimensions, { parameter: 4 }).map(({ value }) => value)).toEqual(
    raw.llamaLogits.logitsIntrinsicDimension.value[1],
  );
  expect(dimensions[0]).toMatchObject({ prompt: entropies[0].prompt, layer: null, depth: null, parameter: 2 });
});

test("what the paper says of Llama-3-8B", () => {
  expect(Object.keys(raw.models)).toEqual(MODELS);
  expect(peaks(publishedMeans("intrinsicDimension", 2, LLAMA))).toMatchObject([
    { shuffle: 0, layer: 13, mean: expect.closeTo(9.55, 2) },
    { shuffle: 5, layer: 10, mean: expect.closeTo(13.89, 2) },
  ]);
  const last = select(publishedMeans("cosineSimilarity", undefined, LLAMA), { layer: 32 });
  expect(last.map(({ mean }) => mean)).toEqual([expect.closeTo(0.25, 2), expect.closeTo(0.83, 2)]);
});

test.each<[string, () => unknown, string]>([
  [
    "an unknown model",
    () => publishedMeans("cosineSimilarity", undefined, { models: ["GPT-4"] }),
    'no published results of "GPT-4"; there are those of Llama-3-8B',
  ],
  [
    "a name of the prototype",
    () => published("cosineSimilarity", undefined, { models: ["constructor"] }),
    "no published results of",
  ],
  [
    "an unknown index",
    () => published("cosineSimilarity", undefined, { ...LLAMA, shuffles: [6] }),
    "shuffle index 6; there are 0, 1, 2, 3, 4, 5",
  ],
  ["an unknown scaling", () => publishedMeans("intrinsicDimension", 3, LLAMA), "range scaling 3; there are 2, 4"],
  ["an unknown k", () => published("neighborhoodOverlap", 99, LLAMA), "k = 99; there are 1, 2"],
  [
    "an unknown prompt",
    () => published("intrinsicDimension", 2, { ...LLAMA, prompts: [5] }),
    "no published results of prompt 5; there are",
  ],
  [
    "another scaling of such a prompt",
    () => published("intrinsicDimension", 4, { ...LLAMA, prompts: [publishedPromptRows()[0]] }),
    "at 4; there are 2",
  ],
  ["logits of others", () => published("loss", undefined, { models: ["GPT-2"] }), "those of Llama-3-8B"],
  [
    "the logits at another scaling",
    () => published("logitsIntrinsicDimension", 16, LLAMA),
    "range scaling 16; there are 2, 4, 8",
  ],
])("refuses %s", (_, get, message) => {
  expect(get).toThrow(message);
});

test("nothing is given where this machine alone is wanted", () => {
  const options = { ...LLAMA, source: "run" };
  expect([...published("loss", undefined, options), ...publishedMeans("cosineSimilarity", undefined, options)]).toEqual(
    [],
  );
});
