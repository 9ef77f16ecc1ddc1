/** Against Hugging Face transformers: tests/fixtures/make/generated.py. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeGguf } from "../../../tests/support/makeGguf";
import {
  copyModel,
  copyModelWithTokenizer,
  editJson,
  MODEL_FIXTURES,
  renameTensors,
} from "../../../tests/support/tinyModel";
import { chooseBackend } from "../machine/backend/backend";
import { CheckpointConfig } from "../machine/checkpoint/config";
import { PROJECT_ROOT } from "../machine/support/project";
import { endOfTextIds } from "./endOfText";
import type { GenerateOptions } from "./generate";
import { loadModel } from "./model";
import { drawnPlace, type SamplingOptions, samplingProbabilities } from "./sampling";

interface Reference {
  models: Record<string, { prompt: number[]; new: number[]; logProbabilities: number[] }>;
  ends: {
    model: string;
    prompt: number[];
    cases: { config: number | number[] | null; generation?: Record<string, unknown>; new: number[] }[];
  };
  sampling: { logits: number[]; cases: { options: SamplingOptions; probabilities: number[] }[] };
}

const { models, ends, sampling }: Reference = JSON.parse(
  readFileSync(join(PROJECT_ROOT, "tests/fixtures/generated.json"), "utf8"),
);
const temporary = mkdtempSync(join(tmpdir(), "token-geometry-generate-"));
let copies = 0;
const emptyFolder = () => join(temporary, String(copies++));
const load = (folder: string) => loadModel(folder, { backend: "wasm" });

beforeAll(() => chooseBackend("wasm"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** A copy of a fixture that says, or does not say, where a text ends. */
function ending(name: string, config: unknown, generation?: unknown): string {
  const folder = copyModel(name, emptyFolder());
  editJson(join(folder, "config.json"), (fields) => ({ ...fields, eos_token_id: config }));
  if (generation !== undefined) writeFileSync(join(folder, "generation_config.json"), JSON.stringify(generation));
  return folder;
}

describe("the likeliest tokens are those of transformers", () => {
  test.each(Object.entries(models))("%s", async (name, reference) => {
    const model = await load(ending(name, null));
    const { ids, promptTokens, text, logProbabilities } = await model.generate(reference.prompt, { tokens: 16 });
    expect([ids, promptTokens, text]).toEqual([[...reference.prompt, ...reference.new], 6, ""]);
    const differences = reference.logProbabilities.map((value, place) => Math.abs(value - logProbabilities[place]));
    expect(Math.max(...differences)).toBeLessThan(1e-4);
    model.dispose();
  });
});

describe("the text ends where it does in transformers", () => {
  test.each(ends.cases)(
    "config $config, generation_config $generation",
    async ({ config, generation, new: expected }) => {
      const model = await load(ending(ends.model, config, generation));
      const { ids } = await model.generate(ends.prompt, { tokens: 16 });
      expect(ids.slice(ends.prompt.length)).toEqual(expected);
    },
  );

  test("of a text model in a larger one, of an adapter's base, of a GGUF file", async () => {
    const { prompt } = ends;
    const images = await load(join(MODEL_FIXTURES, "llava-images"));
    const [first] = (await images.generate(prompt, { tokens: 1 })).ids.slice(-1);
    const nested = copyModel("llava-images", emptyFolder());
    editJson(join(nested, "config.json"), ({ eos_token_id: _, ...fields }) => {
      return { ...fields, text_config: { ...(fields.text_config as object), eos_token_id: first } };
    });
    expect((await (await load(nested)).generate(prompt, { tokens: 4 })).ids).toEqual([...prompt, first]);
    const everywhere = { eos_token_id: [...new Array(96).keys()] };
    const adapter = copyModel("../adapters/llama-patterns", emptyFolder());
    const base_model_name_or_path = ending("llama-gqa", null, everywhere);
    editJson(join(adapter, "adapter_config.json"), (fields) => ({ ...fields, base_model_name_or_path }));
    expect((await (await load(adapter)).generate(prompt)).ids).toHaveLength(prompt.length + 1);
    const gguf = join(temporary, "model.gguf");
    writeFileSync(gguf, makeGguf({ metadata: [["tokenizer.ggml.eos_token_id", ["u32", 7]]], tensors: [] }));
    expect(endOfTextIds({ config: new CheckpointConfig({}, gguf) })).toEqual([7]);
  });

  test.each([[-1], ["</s>"], [[1, null]], [{ id: 1 }], [1.5]])("%j is no id", async (named) => {
    const model = await load(ending("llama-gqa", 0, { eos_token_id: named }));
    await expect(model.generate([1, 2])).rejects.toThrow(
      /generation_config\.json: eos_token_id is .*; it must be the id/,
    );
  });
});

test("probabilities are what the processors of transformers leave", () => {
  for (const { options, probabilities } of sampling.cases) {
    const ours = samplingProbabilities(sampling.logits, options);
    expect(
      ours.map((value) => Math.sign(value)),
      JSON.stringify(options),
    ).toEqual(Float64Array.from(probabilities, Math.sign));
    expect(Math.max(...probabilities.map((value, token) => Math.abs(value - ours[token])))).toBeLessThan(1e-12);
  }
});

describe("drawing", () => {
  test("falls on each place as its probability says, and never on one that has none", () => {
    const probabilities = Float64Array.of(0, 0.5, 0, 0.25, 0.25, 0);
    const drawn = [0, 0.4999, 0.5, 0.7499, 0.75, 0.9999].map((random) => drawnPlace(probabilities, random));
    expect(drawn).toEqual([1, 1, 3, 3, 4, 4]);
    expect(drawnPlace(Float64Array.of(0.5, 0.4999999, 0), 0.99999995)).toBe(1);
  });

  test("is the same with the same seed, another with another, greedy with one candidate", async () => {
    const model = await load("llama-mini");
    const text = "The tide came in over the flats, and";
    const draw = async (options: GenerateOptions) => (await model.generate(text, { tokens: 8, ...options })).ids.join();
    const [first, again, other] = [await draw({ seed: "1" }), await draw({ seed: "1" }), await draw({ seed: "2" })];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(await draw({ temperature: 1 })).toBe(await draw({ seed: "0" }));
    const likeliest = await draw({});
    for (const one of [{ topK: 1 }, { topP: 0 }, { temperature: 1e-4 }]) expect(await draw(one)).toBe(likeliest);
  });
});

test("ln p of what was drawn is minus the loss of the whole text, and the text is that of the tokens", async () => {
  const model = await load("llama-mini");
  const prompt = "The tide came in over the flats, and";
  const { ids, promptTokens, text, logProbabilities } = await model.generate(prompt, { tokens: 10, topK: 20 });
  const { tokens, tokenLoss } = await model.run(ids);
  expect(tokens.pieces.join("")).toBe(prompt + text);
  const losses = tokenLoss.slice(promptTokens - 1);
  expect(losses).toHaveLength(10);
  expect(Math.max(...losses.map((loss, place) => Math.abs(loss + logProbabilities[place])))).toBeLessThan(1e-4);
  const { hidden } = await model.run(ids, { leaveOut: promptTokens });
  expect(hidden[0].points).toBe(10);
});

test("a beginning-of-text token is read and not shown", async () => {
  const folder = copyModelWithTokenizer(emptyFolder());
  editJson(join(folder, "config.json"), (fields) => ({ ...fields, bos_token_id: 7, eos_token_id: null }));
  const model = await load(folder);
  const options = { tokens: 5 };
  const { ids, promptTokens } = await model.generate("tide", { ...options, bos: true });
  const known = model.tokenizer.encode("tide");
  expect(promptTokens).toBe(4);
  expect([7, ...ids]).toEqual((await model.generate([7, ...known], options)).ids);
});

describe("is refused in one line", () => {
  test("weights without an output head", async () => {
    const folder = copyModel("llama-gqa", emptyFolder());
    const shortName = (name: string) => (name === "lm_head.weight" ? undefined : name.replace(/^model\./, ""));
    renameTensors(join(folder, "model.safetensors"), shortName);
    const model = await load(folder);
    await expect(model.generate([1, 2])).rejects.toThrow("its weights have no output head: it cannot write a text");
  });

  test.each<[GenerateOptions, string]>([
    [{ tokens: 0 }, "tokens is 0: must be a whole number, 1 or more"],
    [{ tokens: 1.5 }, "tokens is 1.5"],
    [{ temperature: 0 }, "temperature is 0: must be a number above 0; without it the likeliest token is taken"],
    [{ temperature: Number.POSITIVE_INFINITY }, "temperature is Infinity"],
    [{ temperature: Number.NaN }, "temperature is NaN"],
    [{ topK: 0 }, "topK is 0: must be a whole number, 1 or more"],
    [{ topP: 1.1 }, "topP is 1.1: must be a number from 0 to 1"],
    [{ topP: Number.NaN }, "topP is NaN"],
    [{ tokens: 47 }, "2 tokens and 47 new ones are too many: gpt2 has positions for 48"],
  ])("%j", async (options, words) => {
    const model = await load(join(MODEL_FIXTURES, "gpt2"));
    await expect(model.generate([1, 2], options)).rejects.toThrow(words);
  });

  test("an empty prompt, and ids that the model does not know", async () => {
    const model = await load(join(MODEL_FIXTURES, "gpt2"));
    await expect(model.generate([])).rejects.toThrow("the prompt is empty: it has no tokens");
    await expect(model.generate([96])).rejects.toThrow("token id 96 at position 0 is out of range");
  });
});
