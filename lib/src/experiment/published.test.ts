import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT_ROOT } from "../support/project";
import { peakOf } from "./comparison";
import { type PublishedQuantity, publishedMean, publishedModels, publishedPrompt } from "./published";

const raw = JSON.parse(readFileSync(join(PROJECT_ROOT, "data/published/published.json"), "utf8"));
const SHUFFLES = [0, 1, 2, 3, 4, 5];

describe.each(publishedModels())("%s: the numbers of published.json, to the digit", (model) => {
  const { shuffled, prompt3218 } = raw.models[model];

  test.each<[PublishedQuantity, number[], number, number]>([
    ["intrinsicDimension", raw.layout.scalings, 1, 32],
    ["neighborhoodOverlap", raw.layout.k, 1, 31],
  ])("%s at every scaling or k", (quantity, parameters, firstLayer, layers) => {
    for (const index of SHUFFLES) {
      parameters.forEach((parameter, i) => {
        const profile = publishedPrompt(model, quantity, index, parameter);
        expect(profile.values).toEqual(prompt3218[quantity][index][i]);
        expect(profile.layers).toEqual(Array.from({ length: layers }, (_, layer) => firstLayer + layer));
        const { mean, std, n } = publishedMean(model, quantity, index, parameter);
        expect(mean).toEqual(shuffled[quantity].mean[index][i]);
        expect(std).toEqual(shuffled[quantity].std[index][i]);
        expect(n).toBe(50);
      });
    }
  });

  test("cosineSimilarity, from layer 0 on", () => {
    for (const index of SHUFFLES) {
      const profile = publishedPrompt(model, "cosineSimilarity", index);
      expect(profile.values).toEqual(prompt3218.cosineSimilarity[index]);
      expect(profile.layers).toEqual(Array.from({ length: 33 }, (_, layer) => layer));
      const { mean, std } = publishedMean(model, "cosineSimilarity", index);
      expect([mean, std]).toEqual([shuffled.cosineSimilarity.mean[index], shuffled.cosineSimilarity.std[index]]);
    }
  });
});

test("what the paper says of Llama-3-8B", () => {
  expect(publishedModels()).toEqual(["Llama-3-8B", "Mistral-7B", "Pythia-6.9B"]);
  const [structured, permuted] = [0, 5].map((index) => publishedMean("Llama-3-8B", "intrinsicDimension", index, 2));
  expect(peakOf(structured)).toMatchObject({ layer: 13, height: expect.closeTo(9.55, 2) });
  expect(peakOf(permuted)).toMatchObject({ layer: 10, height: expect.closeTo(13.89, 2) });
  const last = [0, 5].map((index) => publishedMean("Llama-3-8B", "cosineSimilarity", index).mean[32]);
  expect(last).toEqual([expect.closeTo(0.25, 2), expect.closeTo(0.83, 2)]);
});

test.each<[string, () => unknown, string]>([
  [
    "an unknown model",
    () => publishedMean("GPT-4", "cosineSimilarity", 0),
    'no published results of "GPT-4"; there are',
  ],
  ["a name of the prototype", () => publishedMean("constructor", "cosineSimilarity", 0), "no published results of"],
  ["an unknown index", () => publishedPrompt("Mistral-7B", "cosineSimilarity", 6), "shuffle index 6; there are 0 to 5"],
  [
    "an unknown scaling",
    () => publishedPrompt("Mistral-7B", "intrinsicDimension", 0, 3),
    "range scaling 3; there are 2, 4",
  ],
  ["no scaling", () => publishedPrompt("Mistral-7B", "intrinsicDimension", 0), "range scaling undefined"],
  ["an unknown k", () => publishedPrompt("Mistral-7B", "neighborhoodOverlap", 0, 99), "k = 99; there are 1, 2"],
])("refuses %s", (_, get, message) => {
  expect(get).toThrow(message);
});
