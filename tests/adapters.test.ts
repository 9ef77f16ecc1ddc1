/** LoRA adapters: where their base is looked for, what is refused. Their numbers are in tests/models.test.ts. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { hashCheckpoint, openCheckpoint } from "../lib/src/machine/checkpoint/checkpoint";
import { resolveModel } from "../lib/src/machine/hub/models";
import { loadTokenizer } from "../lib/src/tokens/tokenizer";
import { expectRefusal, PROJECT, runProgram } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import { copyModel, copyModelWithTokenizer, editJson, renameTensors } from "./support/tinyModel";

const FIXTURES = join(PROJECT, "tests/fixtures/adapters");
const [CONFIG, WEIGHTS] = ["adapter_config.json", "adapter_model.safetensors"];

/** A copy of an adapter with other settings. */
function adapter(settings: Record<string, unknown>, fixture = "llama-patterns"): string {
  const folder = temporaryFolder();
  cpSync(join(FIXTURES, fixture), folder, { recursive: true });
  editJson(join(folder, CONFIG), (config) => ({ ...config, ...settings }));
  return folder;
}

describe("settings that are not built in are refused by name", () => {
  test.each<[Record<string, unknown>, string]>([
    [{ peft_type: "IA3" }, 'peft_type = "IA3"'],
    [{ use_dora: true }, "use_dora = true"],
    [{ bias: "lora_only" }, 'bias = "lora_only"'],
    [{ lora_bias: true }, "lora_bias = true"],
    [{ layer_replication: [[0, 2]] }, "layer_replication = [[0,2]]"],
    [{ trainable_token_indices: [1, 2] }, "trainable_token_indices = [1,2]"],
    [{ target_parameters: ["mlp.experts.gate_up_proj"] }, "target_parameters"],
    [{ init_lora_weights: "pissa" }, 'init_lora_weights = "pissa"'],
    [{ loftq_config: { loftq_bits: 4 } }, "loftq_config"],
    [{ rank_pattern: { "(a+)+": 2 } }, 'rank_pattern = "(a+)+"'],
    [{ alpha_pattern: { "(q_proj": 2 } }, 'alpha_pattern = "(q_proj"'],
  ])("%j", (settings, words) => {
    const folder = adapter(settings);
    expect(() => openCheckpoint(folder)).toThrow(`${join(folder, CONFIG)}: ${words}`);
    expect(() => openCheckpoint(folder)).toThrow(/ is not supported$/);
  });

  test("an embedding of its own, where the unembedding is the base's embedding", () => {
    const folder = adapter({ modules_to_save: ["embed_tokens"] }, "llama-tied-head-saved");
    renameTensors(join(folder, WEIGHTS), (name) => name.replace("lm_head", "model.embed_tokens"));
    expect(() => openCheckpoint(folder)).toThrow('"model.embed_tokens.weight" without an unembedding of its own');
    editJson(join(folder, CONFIG), (config) => ({ ...config, ensure_weight_tying: true }));
    expect(openCheckpoint(folder).tensors.get("model.embed_tokens.weight")!.file).toBe(join(folder, WEIGHTS));
  });
});

describe("tensors that do not belong there", () => {
  test.each<[string, (name: string) => string | undefined, string]>([
    [
      "half a pair",
      (name) => (name.includes("0.mlp.down_proj.lora_B") ? undefined : name),
      "is no matrix A or B of a pair",
    ],
    ["another layer", (name) => name.replace("layers.2", "layers.7"), "has no place"],
    ["magnitudes of DoRA", (name) => name.replace("lora_A", "lora_magnitude_vector"), "is no matrix A or B of a pair"],
    ["an embedding", (name) => name.replace("lora_A", "lora_embedding_A"), "change of an embedding is not supported"],
    ["a classifier", (name) => name.replace(/lora_A.*/, "score.weight"), "has no place in the base model"],
  ])("%s", (_, rename, words) => {
    const folder = adapter({});
    renameTensors(join(folder, WEIGHTS), rename);
    expect(() => openCheckpoint(folder)).toThrow(words);
  });

  test("another rank", () => {
    expect(() => openCheckpoint(adapter({ r: 5 }))).toThrow(
      /lora_A.weight" has shape \[4,32\], .* rank 5 asks for \[5,32\]/,
    );
  });

  test("no weights", () => {
    const folder = adapter({});
    rmSync(join(folder, WEIGHTS));
    expect(() => openCheckpoint(folder)).toThrow("holds no weights of an adapter");
  });
});

describe("the base", () => {
  afterEach(() => void vi.unstubAllEnvs());

  test("counts in the hashes, with the adapter", () => {
    const hashes = hashCheckpoint(openCheckpoint(adapter({})));
    expect(Object.keys(hashes)).toEqual(["config.json", "model.safetensors", CONFIG, WEIGHTS]);
  });

  test("lends its tokenizer", () => {
    const base = copyModelWithTokenizer(temporaryFolder());
    const folder = adapter({ base_model_name_or_path: base });
    expect(loadTokenizer(folder).encode("so")).toEqual(loadTokenizer(base).encode("so"));
  });

  test("is taken from the hub's cache, of the revision that is named", async () => {
    const cache = temporaryFolder();
    vi.stubEnv("HF_HUB_CACHE", cache);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const commit = "c".repeat(40);
    const base = copyModel("llama-gqa", join(cache, "models--owner--tiny/snapshots", commit));
    writeFileSync(join(base, "tokenizer.json"), "{}");
    const folder = adapter({ base_model_name_or_path: "owner/tiny", revision: commit });
    expect(await resolveModel(folder)).toBe(folder);
    expect(openCheckpoint(folder).files[0]).toBe(join(base, "config.json"));
    mkdirSync(join(cache, "models--owner--tiny/refs"));
    writeFileSync(join(cache, "models--owner--tiny/refs/main"), commit);
    const ofMain = adapter({ base_model_name_or_path: "owner/tiny" });
    expect(openCheckpoint(ofMain).files[0]).toBe(join(base, "config.json"));
  });

  test("that is nowhere, or an adapter, is refused", async () => {
    const ids = ["--ids", "1,2", "--json"];
    const lost = adapter({ base_model_name_or_path: "/nowhere/base" });
    expectRefusal(
      await runProgram(["extract", "--model", lost, ...ids]),
      CONFIG,
      "its base model /nowhere/base is not here",
    );
    const twice = adapter({ base_model_name_or_path: adapter({}) });
    expectRefusal(await runProgram(["extract", "--model", twice, ...ids]), "is an adapter itself");
    const unnamed = adapter({ base_model_name_or_path: null });
    expectRefusal(await runProgram(["extract", "--model", unnamed, ...ids]), CONFIG, "base_model_name_or_path is null");
  });
});

test("extract of an adapter's folder gives the numbers of peft", async () => {
  const folder = join(FIXTURES, "gpt2-rank-stabilized");
  const ids: number[] = JSON.parse(readFileSync(join(folder, "ids.json"), "utf8"));
  const { stdout } = await runProgram(["extract", "--model", folder, "--ids", ids.join(), "--json"]);
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
  expect(JSON.parse(stdout).loss).toBeCloseTo(expected.loss, 5);
});
