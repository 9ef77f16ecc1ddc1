/**
 * The models and prompts that come with the project, against Hugging Face transformers and an independent geometry in
 * float64 (tests/fixtures/make/embedded.py): tokens, hidden states, loss, entropy, and every layer's geometry.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { openCheckpoint } from "../lib/src/machine/checkpoint/checkpoint";
import { measurePrompts } from "../lib/src/machine/experiment/measurePrompt";
import { readNpy } from "../lib/src/machine/support/npy";
import { runNetwork } from "../lib/src/model/forward";
import { loadNetwork } from "../lib/src/model/network";
import { loadPrompts } from "../lib/src/prompts/prompts";
import { loadTokenizer } from "../lib/src/tokens/tokenizer";
import { isSlow, onEachBackend } from "./support/backends";
import { PROJECT } from "./support/cli";

const MODELS = ["llama-mini", "pythia-mini", "mistral-mini", "opt-mini"];
const FIXTURES = join(PROJECT, "tests/fixtures/embedded");

interface MeasuredReference {
  prompt: string;
  tokens: number;
  loss: number;
  meanEntropy: number;
  layers: { distinct: number; cosineMean: number; intrinsicDimension2: number; intrinsicDimension4: number }[];
  overlap2: { from: number; to: number; value: number }[];
}

interface Reference {
  tokenCounts: Record<string, number>;
  firstTokens: Record<string, number[]>;
  hidden: { prompt: string; tokens: number; file: string };
  measured: MeasuredReference[];
}

const referenceOf = (name: string): Reference => JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), "utf8"));
const folderOf = (name: string) => join(PROJECT, "data/models", name);

async function idsOf(model: string, prompt: string, tokens: number): Promise<number[]> {
  const [{ text }] = await loadPrompts(join(PROJECT, "data/prompts", `${prompt}.txt`), 1);
  return loadTokenizer(folderOf(model)).encode(text).slice(0, tokens);
}

describe("tokens", () => {
  test.each(MODELS)("%s", async (name) => {
    const { tokenCounts, firstTokens } = referenceOf(name);
    const tokenizer = loadTokenizer(folderOf(name));
    const encoded = new Map((await loadPrompts("embedded")).map(({ name, text }) => [name, tokenizer.encode(text)]));
    expect(Object.fromEntries([...encoded].map(([prompt, ids]) => [prompt, ids.length]))).toEqual(tokenCounts);
    for (const [prompt, ids] of Object.entries(firstTokens)) {
      expect(encoded.get(prompt)!.slice(0, ids.length)).toEqual(ids);
    }
  });
});

onEachBackend("the embedded models agree with Hugging Face transformers", (useBackend, backend) => {
  beforeAll(useBackend);

  test.each(MODELS)("%s: hidden states", async (name) => {
    const { hidden } = referenceOf(name);
    const { shape, data } = readNpy(join(FIXTURES, hidden.file));
    const model = await loadNetwork(openCheckpoint(folderOf(name)));
    const states: Float32Array[] = [];
    await runNetwork(model, await idsOf(name, hidden.prompt, hidden.tokens), {
      onHiddenState: ({ values }) => void states.push(values),
    });
    model.dispose();
    expect([states.length, hidden.tokens, states[0].length / hidden.tokens]).toEqual(shape);
    states.forEach((values, layer) => {
      expect(differenceOf(values, data.subarray(layer * values.length, (layer + 1) * values.length))).toBeLessThan(
        1e-5,
      );
    });
  });

  // A prompt of 1024 tokens takes a slow backend too long.
  test.skipIf(isSlow(backend)).each(MODELS)("%s: loss, entropy and geometry of whole prompts", async (name) => {
    const { measured } = referenceOf(name);
    const model = await loadNetwork(openCheckpoint(folderOf(name)));
    const [reference] = measured;
    const [result] = await measurePrompts(model, [await idsOf(name, reference.prompt, reference.tokens)]);
    model.dispose();
    expect(result.loss).toBeCloseTo(reference.loss, 5);
    expect(result.meanEntropy).toBeCloseTo(reference.meanEntropy, 5);
    expect(result.layers).toHaveLength(reference.layers.length);
    reference.layers.forEach((expected, layer) => {
      const { cosineSimilarity, intrinsicDimension } = result.layers[layer];
      expect(cosineSimilarity.mean).toBeCloseTo(expected.cosineMean, 5);
      expect(intrinsicDimension[0].id / expected.intrinsicDimension2).toBeCloseTo(1, 3);
      expect(intrinsicDimension[1].id / expected.intrinsicDimension4).toBeCloseTo(1, 3);
    });
    for (const { to, value } of reference.overlap2) {
      // Float32 noise in the hidden states may swap a few of the 2048 neighbors.
      expect(Math.abs(result.layers[to].neighborhoodOverlap[1] - value)).toBeLessThan(5 / 2048);
    }
  });
});

/** Largest difference, relative to the largest expected value. */
function differenceOf(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}
