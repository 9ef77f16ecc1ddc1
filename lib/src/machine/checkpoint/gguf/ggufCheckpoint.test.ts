import { copyFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type GgufToWrite, makeGguf, type TypedValue, takeApart } from "../../../../../tests/support/makeGguf";
import { temporaryFolder } from "../../../../../tests/support/notebooks";
import { copyModel, MODEL_FIXTURES } from "../../../../../tests/support/tinyModel";
import { architectureOf } from "../../../model/families";
import { hashCheckpoint, openCheckpoint, quantizedWeights, readTensor, readTensorRows } from "../checkpoint";

const LLAMA = join(MODEL_FIXTURES, "gguf-llama/model.gguf");
const SPLIT = "gguf-mistral-split";

describe("what opens", () => {
  test("a file, or the folder that holds it", () => {
    const checkpoint = openCheckpoint(LLAMA);
    expect(checkpoint).toMatchObject({ path: LLAMA, name: "model", files: [LLAMA] });
    expect(checkpoint.config.path).toBe(LLAMA);
    expect(openCheckpoint(join(MODEL_FIXTURES, "gguf-llama")).path).toBe(LLAMA);
    expect(Object.keys(hashCheckpoint(checkpoint))).toEqual(["model.gguf"]);
  });

  test("any part of a split one, or its folder: all of it", () => {
    const folder = copyModel(SPLIT, temporaryFolder());
    const parts = readdirSync(folder).filter((name) => name.endsWith(".gguf"));
    expect(parts).toHaveLength(3);
    for (const path of [folder, ...parts.map((part) => join(folder, part))]) {
      const checkpoint = openCheckpoint(path);
      expect(checkpoint.name).toBe("model");
      expect(checkpoint.path).toBe(join(folder, parts[0]));
      expect(checkpoint.files.map((file) => basename(file))).toEqual(parts);
      expect(architectureOf(checkpoint).layers).toBe(2);
    }
  });

  test("its weights bear the names of their types, if these are quantized", () => {
    const folder = temporaryFolder();
    copyFileSync(LLAMA, join(folder, "a.gguf"));
    expect(quantizedWeights(openCheckpoint(folder))).toBe(openCheckpoint(folder).weights);
    expect(openCheckpoint(folder).weights.split(", ")).toContain("F32");
    const plain = openCheckpoint(join(MODEL_FIXTURES, "llama-bf16"));
    expect([plain.weights, quantizedWeights(plain)]).toEqual(["BF16", undefined]);
  });

  test("rows of a matrix are those of all of it", () => {
    const checkpoint = openCheckpoint(LLAMA);
    const [name, shape] = ["model.embed_tokens.weight", [64, 256]];
    const all = readTensor(checkpoint, name, shape);
    const rows = readTensorRows(checkpoint, name, shape, [3, 4, 60]);
    expect(rows.subarray(0, 512)).toEqual(all.subarray(3 * 256, 5 * 256));
    expect(rows.subarray(512)).toEqual(all.subarray(60 * 256, 61 * 256));
  });
});

describe("which file is meant", () => {
  test("several models in a folder: they are listed", () => {
    const folder = copyModel(SPLIT, temporaryFolder());
    copyFileSync(LLAMA, join(folder, "other.gguf"));
    expect(() => openCheckpoint(folder)).toThrow(/holds several models.*model-00001-of-00003\.gguf, other\.gguf/);
  });

  test.each<[title: string, damage: (folder: string) => void, message: string]>([
    [
      "a part is missing",
      (folder) => rmSync(join(folder, part(2))),
      "model-00002-of-00003.gguf: is missing, part 2 of 3",
    ],
    ["the first part is missing", (folder) => rmSync(join(folder, part(1))), "model-00001-of-00003.gguf: is missing"],
    ["two parts are exchanged", exchange, "is part 2 of 3 by its name, but says 3 of 3 inside"],
    [
      "a part of something else",
      (folder) => copyFileSync(LLAMA, join(folder, part(3))),
      "is part 3 of 3 by its name, but says nothing on it inside",
    ],
  ])("%s", (_title, damage, message) => {
    const folder = copyModel(SPLIT, temporaryFolder());
    damage(folder);
    expect(() => openCheckpoint(folder)).toThrow(message);
  });

  test("a part under another name", () => {
    const folder = copyModel(SPLIT, temporaryFolder());
    renameSync(join(folder, part(2)), join(folder, "some.gguf"));
    expect(() => openCheckpoint(join(folder, "some.gguf"))).toThrow("is one of 3 parts; they must be called");
  });

  test("no file, no model", () => {
    expect(() => openCheckpoint(join(temporaryFolder(), "none.gguf"))).toThrow("no such model folder or file");
    expect(() => openCheckpoint(__filename)).toThrow("is no GGUF file");
  });
});

function part(number: number): string {
  return `model-0000${number}-of-00003.gguf`;
}

function exchange(folder: string): void {
  renameSync(join(folder, part(2)), join(folder, "kept"));
  renameSync(join(folder, part(3)), join(folder, part(2)));
  renameSync(join(folder, "kept"), join(folder, part(3)));
}

/** The tiny Llama with other settings or tensors, opened as far as a model's architecture. */
function openChanged(change: (file: GgufToWrite) => Partial<GgufToWrite>): void {
  const { file } = takeApart(LLAMA);
  const path = join(temporaryFolder(), "changed.gguf");
  writeFileSync(path, makeGguf({ ...file, ...change(file) }));
  architectureOf(openCheckpoint(path));
}

const withSetting = (key: string, value: TypedValue) => (file: GgufToWrite) => ({
  metadata: [...file.metadata.filter(([name]) => name !== key), [key, value] as const],
});
const withYarn = (key: string, value: TypedValue) => (file: GgufToWrite) => {
  const yarn: [string, TypedValue][] = [
    ["type", ["text", "yarn"]],
    ["factor", ["f32", 4]],
    ["original_context_length", ["u32", 64]],
    [key, value],
  ];
  return { metadata: [...file.metadata, ...yarn.map(([name, one]) => [`llama.rope.scaling.${name}`, one] as const)] };
};
const withTensor = (name: string, shape: number[]) => (file: GgufToWrite) => ({
  tensors: [...file.tensors, { name, type: 0, shape, data: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)) }],
});

describe("what would change the numbers is refused by name", () => {
  test("as it is, it opens", () => {
    expect(() => openChanged(() => ({}))).not.toThrow();
  });

  test.each<[title: string, change: (file: GgufToWrite) => Partial<GgufToWrite>, message: string]>([
    [
      "an architecture",
      withSetting("general.architecture", ["text", "mamba"]),
      'architecture "mamba"; known are llama,',
    ],
    ["experts without how many", withSetting("llama.expert_count", ["u32", 8]), "llama.expert_used_count is missing"],
    ["shared experts", withSetting("llama.expert_shared_count", ["u32", 1]), "llama.expert_shared_count = 1 is not"],
    ["a soft cap", withSetting("llama.final_logit_softcapping", ["f32", 30]), "llama.final_logit_softcapping = 30"],
    ["another kind of scaling", withSetting("llama.rope.scaling.type", ["text", "longrope"]), '.type = "longrope"'],
    ["YaRN by how much", withSetting("llama.rope.scaling.type", ["text", "yarn"]), "rope.scaling.factor is missing"],
    ["YaRN in part", withYarn("yarn_ext_factor", ["f32", 0.5]), "llama.rope.scaling.yarn_ext_factor = 0.5 is not"],
    ["YaRN in the manner of others", withYarn("yarn_log_multiplier", ["f32", 1]), "yarn_log_multiplier = 1 is not"],
    ["a part of a head", withSetting("llama.rope.dimension_count", ["u32", 8]), "llama.rope.dimension_count = 8"],
    ["values of another width", withSetting("llama.attention.value_length", ["u32", 8]), "value_length = 8"],
    ["attention that looks ahead", withSetting("llama.attention.causal", ["bool", false]), "causal = false"],
    ["a missing size", withSetting("llama.block_count", ["text", "two"]), 'llama.block_count is "two"; it must be'],
    ["too many layers", withSetting("llama.block_count", ["u32", 1e9]), "claims 1000000000 layers"],
    ["heads that do not fit", withSetting("llama.attention.head_count", ["u32", 7]), "has no 7 heads"],
    ["an unknown tensor", withTensor("blk.0.attn_sinks.weight", [4]), 'tensor "blk.0.attn_sinks.weight" has no place'],
    ["divisors of another number", withTensor("rope_freqs.weight", [4]), "divisors"],
    ["divisors of 0", withTensor("rope_freqs.weight", [8]), "divisors"],
  ])("%s", (_title, change, message) => {
    expect(() => openChanged(change)).toThrow(message);
  });

  test("a type that cannot be read, when it is read", () => {
    const path = join(temporaryFolder(), "changed.gguf");
    const { file } = takeApart(LLAMA);
    const tensors = file.tensors.map((tensor) =>
      tensor.name === "output_norm.weight" ? { ...tensor, type: 26, data: new Uint8Array(1024) } : tensor,
    );
    writeFileSync(path, makeGguf({ ...file, tensors }));
    expect(() => readTensor(openCheckpoint(path), "model.norm.weight", [256])).toThrow(
      `${path}: tensor "output_norm.weight" is of type I32, which cannot be read`,
    );
  });

  test("a scale that is no number", () => {
    const path = join(temporaryFolder(), "changed.gguf");
    const { file } = takeApart(LLAMA);
    const tensors = file.tensors.map((tensor) =>
      tensor.name === "token_embd.weight"
        ? { ...tensor, type: 8, data: new Uint8Array(64 * 8 * 34).fill(0xff) }
        : tensor,
    );
    writeFileSync(path, makeGguf({ ...file, tensors }));
    expect(() => readTensor(openCheckpoint(path), "model.embed_tokens.weight", [64, 256])).toThrow(
      'tensor "token_embd.weight" holds NaN (at value 0 of those read): the weights are damaged',
    );
  });
});
