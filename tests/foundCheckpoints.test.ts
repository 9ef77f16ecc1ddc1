/** Checkpoints as people have them, through the real program: they run, or are refused in one line by what they are. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../lib/src/machine/checkpoint/checkpoint";
import { readNpy } from "../lib/src/machine/support/npy";
import { openNetwork } from "../lib/src/model/network";
import { study } from "../lib/src/results/study";
import { expectRefusal, runProgram } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import {
  copyModel,
  copyModelWithTokenizer,
  editJson,
  editSafetensors,
  MODEL_FIXTURES,
  renameTensors,
} from "./support/tinyModel";

const WEIGHTS = "model.safetensors";

/** What `extract --json` prints of the prompt of a fixture, and the hidden states it writes. */
async function extract(model: string, folder: string, ids: number[]) {
  const out = join(folder, "hidden.npy");
  const result = await runProgram(["extract", "--model", model, "--ids", ids.join(), "--json", "--out", out]);
  return { ...result, summary: JSON.parse(result.stdout), hidden: readNpy(out) };
}

/** The largest difference, relative to the largest of the expected values. */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const largest = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, i) => Math.abs(value - actual[i]))) / largest;
}

describe("an index beside the truth: what the architecture asks for counts", () => {
  // Each of them is loaded by transformers 5.24, which takes the list of files from the index and nothing else.
  const NORM = "model.norm.weight";
  const [FIRST, THIRD] = ["model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"];

  test.each<[string, (map: Record<string, string>) => void]>([
    ["lists what no file has", (map) => Object.assign(map, { "model.layers.0.self_attn.rotary_emb.inv_freq": THIRD })],
    ["names another file", (map) => Object.assign(map, { [NORM]: FIRST })],
    ["leaves a tensor out", (map) => void delete map[NORM]],
  ])("%s", (_, change) => {
    const folder = copyModel("llama-sharded", temporaryFolder());
    const tensors = () => [...openNetwork(openCheckpoint(folder)).checkpoint.tensors.keys()].sort();
    const before = tensors();
    editJson(
      join(folder, `${WEIGHTS}.index.json`),
      ({ weight_map: map }) => void change(map as Record<string, string>),
    );
    expect(tensors()).toEqual(before);
  });
});

describe("quantized weights are refused by what they are", () => {
  test.each<[Record<string, unknown>, string]>([
    [
      { quantization_config: { quant_method: "compressed-tensors", format: "float-quantized" } },
      "quantization_config: weights quantized by compressed-tensors, float-quantized cannot be read",
    ],
    [{ compression_config: { quant_method: "compressed-tensors" } }, "quantized by compressed-tensors cannot be read"],
    [{ quantization_config: { quant_method: "fp8", activation_scheme: "dynamic" } }, "quantized by fp8 cannot be read"],
    [{ quantization_config: { quant_method: "gptq", bits: 4 } }, "quantized by gptq cannot be read"],
    [{ quantization_config: { load_in_8bit: true } }, "quantized by bitsandbytes cannot be read"],
  ])("%j", async (fields, words) => {
    const folder = copyModel("llama-gqa", temporaryFolder());
    editJson(join(folder, "config.json"), (config) => ({ ...config, ...fields }));
    expectRefusal(await runProgram(["extract", "--model", folder, "--ids", "1,2", "--json"]), "config.json: ", words);
  });

  test.each(["F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "I8"])("a tensor of type %s", (type) => {
    const folder = copyModel("llama-gqa", temporaryFolder());
    editSafetensors(join(folder, WEIGHTS), (header) => {
      header["model.layers.2.mlp.up_proj.weight"].dtype = type;
    });
    expect(() => openNetwork(openCheckpoint(folder))).toThrow(
      `model.layers.2.mlp.up_proj.weight" is of type ${type}, which cannot be read`,
    );
  });
});

describe("weights of a base model: no prefix and no head", () => {
  const fixture = join(MODEL_FIXTURES, "llama-gqa");
  const ids: number[] = JSON.parse(readFileSync(join(fixture, "ids.json"), "utf8"));

  function baseModel(folder: string): string {
    copyModelWithTokenizer(folder);
    renameTensors(join(folder, WEIGHTS), (name) =>
      name === "lm_head.weight" ? undefined : name.replace(/^model\./, ""),
    );
    return folder;
  }

  test("extract: the hidden states of the whole model, loss and entropy unknown", async () => {
    const folder = baseModel(temporaryFolder());
    const { stderr, summary, hidden } = await extract(folder, folder, ids);
    const expected = readNpy(join(fixture, "hidden.npy"));
    expect(hidden.shape).toEqual(expected.shape);
    expect(distance(hidden.data, expected.data)).toBeLessThan(1e-5);
    expect([summary.loss, summary.meanEntropy]).toEqual([null, null]);
    expect(stderr).toContain("its weights have no output head: loss and entropy are unknown\n");
  });

  test("run: the geometry of the whole model; what needs the logits is refused", async () => {
    const folder = temporaryFolder();
    const [whole, base] = [copyModelWithTokenizer(join(folder, "whole")), baseModel(join(folder, "base"))];
    writeFileSync(join(folder, "text.txt"), "so much depends upon a red wheel barrow glazed with rain water");
    const settings = ["--prompts", join(folder, "text.txt"), "--tokens", "32", "--shuffle", "0", "--json"];
    const run = (model: string, ...more: string[]) =>
      runProgram(["run", "--model", model, ...settings, ...more, "--store", join(folder, "store")]);
    const [ofWhole, ofBase] = [JSON.parse((await run(whole)).stdout), await run(base)];
    expect(ofBase.stderr).toContain("base: its weights have no output head: loss and entropy are unknown\n");
    const [{ result }] = JSON.parse(ofBase.stdout).results;
    expect(result.layers).toEqual(ofWhole.results[0].result.layers);
    expect([result.loss, result.meanEntropy]).toEqual([null, null]);
    const refused = await run(base, "--metrics", "logitsIntrinsicDimension");
    expectRefusal(refused, "base: its weights have no output head");
    const which = { models: [base], prompts: join(folder, "text.txt"), tokens: 32, shuffles: [0] };
    const rows = await study(which, { store: join(folder, "store"), backend: "wasm", workers: 1 });
    expect(rows.of("intrinsicDimension", 2)).toHaveLength(3);
    expect(() => rows.of("loss")).toThrow("base: its weights have no output head: there is no loss");
  });
});
