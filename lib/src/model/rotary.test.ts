/** Rotary settings in every place and of every kind, against transformers (tests/fixtures/make/rotary.py). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CheckpointConfig } from "../machine/checkpoint/config";
import { FAMILIES } from "./families";
import type { RotarySettings } from "./rotarySettings";

interface Case {
  modelType: string;
  fields: Record<string, unknown>;
  /** Of prompts of some lengths; for Gemma 3 by type of layer. */
  expected: { length: number; type?: string; frequencies: number[]; scale: number }[];
}

const { sizes, cases }: { sizes: Record<string, unknown>; cases: Case[] } = JSON.parse(
  readFileSync(join(__dirname, "../../../tests/fixtures/rotary.json"), "utf8"),
);

function rotaryOfLayer(modelType: string, fields: Record<string, unknown>, layer: number): RotarySettings {
  const family = FAMILIES.find((one) => one.modelType === modelType)!;
  const config = new CheckpointConfig({ ...sizes, ...fields }, "config.json");
  return family.architecture(config, new Set()).attentionKind(layer).rotary!;
}

describe("frequencies at lengths below and beyond that of the training", () => {
  test.each(
    cases.map(({ modelType, fields, expected }) => [modelType, JSON.stringify(fields), fields, expected] as const),
  )("%s %s", (modelType, _, fields, expected) => {
    for (const { length, type, frequencies, scale } of expected) {
      // Gemma's layer 5 is the first one without a window.
      const settings = rotaryOfLayer(modelType, fields, type === "full_attention" ? 5 : 0);
      const { beyond } = settings;
      const mine = beyond && length > beyond.tokens ? beyond.frequencies(length) : settings.frequencies;
      expect(mine).toHaveLength(frequencies.length);
      // The last bit of a power in float32 is the library's.
      frequencies.forEach((value, pair) => void expect(Math.abs(mine[pair] / value - 1) || 0).toBeLessThan(2.5e-7));
      expect(settings.scale ?? 1).toBeCloseTo(scale, 6);
    }
  });
});

describe("refused by name", () => {
  const yarn = { rope_type: "yarn", factor: 4 };

  test.each<[string, Record<string, unknown>, string]>([
    ["llama", { rope_scaling: { rope_type: "linear" } }, "config.json, rope_scaling: factor is missing"],
    ["llama", { rope_scaling: { rope_type: "yarn" } }, "config.json, rope_scaling: factor is missing"],
    ["llama", { rope_scaling: { rope_type: "toString" } }, 'config.json, rope_scaling: rope_type = "toString"'],
    ["llama", { rope_scaling: yarn, max_position_embeddings: null }, "config.json: max_position_embeddings is null"],
    [
      "llama",
      { rope_scaling: { rope_type: "dynamic", factor: 2 }, head_dim: 2 },
      'rope_type = "dynamic" with heads of two',
    ],
    [
      "gemma3_text",
      { rope_parameters: { full_attention: { ...yarn, truncate: false } } },
      "rope_parameters, full_attention: truncate = false",
    ],
    [
      "llama",
      {
        rope_scaling: { rope_type: "longrope", original_max_position_embeddings: 32 },
        original_max_position_embeddings: 16,
      },
      "config.json, rope_scaling: original_max_position_embeddings = 32 is not supported",
    ],
  ])("%s %j", (modelType, fields, message) => {
    expect(() => rotaryOfLayer(modelType, fields, 5)).toThrow(message);
  });
});
