/** Under which names a checkpoint holds what an architecture asks for; the numbers of such files are in tests/models.test.ts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { copyModel, editSafetensors } from "../../../tests/support/tinyModel";
import { openCheckpoint } from "../machine/checkpoint/checkpoint";
import { architectureOf } from "./families";
import { openNetwork, parameterCount } from "./network";

const scratch = mkdtempSync(join(tmpdir(), "token-geometry-names-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let made = 0;

/** A copy of a fixture with its tensors renamed. */
function renamed(fixture: string, rename: (name: string) => string): string {
  const folder = copyModel(fixture, join(scratch, String(made++)));
  editSafetensors(join(folder, "model.safetensors"), (header) =>
    Object.fromEntries(Object.entries(header).map(([name, entry]) => [rename(name), entry])),
  );
  return folder;
}

/** The names that are asked for: embedding, one weight of a block, final norm, unembedding. */
function asked(folder: string): string[] {
  const { embeddingWeights, blockWeights, finalWeights, headWeights } = openNetwork(
    openCheckpoint(folder),
  ).architecture;
  const parts = [embeddingWeights, blockWeights(1), finalWeights, headWeights];
  return parts.map((part) => Object.values(part)[0].name);
}

describe("roots", () => {
  test.each([
    ["llama-gqa", "model.", ""],
    ["llama-gqa", "model.", "language_model.model."],
    ["llama-gqa", "model.", "model.language_model."],
    ["gpt-neox-parallel", "gpt_neox.", ""],
    ["gpt2", "transformer.", ""],
    ["opt-gelu", "model.decoder.", "decoder."],
  ])("%s with %j as %j", (fixture, usual, other) => {
    const before = asked(join(__dirname, "../../../tests/fixtures/models", fixture));
    const swap = (name: string) => (name.startsWith(usual) ? other + name.slice(usual.length) : name);
    expect(asked(renamed(fixture, swap))).toEqual(before.map(swap));
  });

  test("of a head inside of a larger model", () => {
    const folder = renamed("llama-gqa", (name) => (name === "__metadata__" ? name : `language_model.${name}`));
    expect(asked(folder).at(-1)).toBe("language_model.lm_head.weight");
  });

  test("blocks of another part that are numbered alike do not count", () => {
    const folder = renamed("llama-gqa", (name) => name.replace("layers.0.", "vision.layers.0."));
    expect(() => asked(folder)).toThrow('tensor "model.layers.0.input_layernorm.weight" is missing');
  });
});

test("a pair that is stored once counts once, one of two tensors twice", () => {
  const count = (fixture: string) =>
    parameterCount(architectureOf(openCheckpoint(join(__dirname, "../../../tests/fixtures/models", fixture))));
  const embedding = 96 * 32;
  expect(count("llama-tied-unlike") - count("llama-only-head")).toBe(embedding);
  expect(count("opt-tied-unlike") - count("opt-gelu")).toBe(embedding);
});
