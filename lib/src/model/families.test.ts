/** How the families read config.json: what a layer's attention looks like, and what is refused by name. */
import { describe, expect, test } from "vitest";
import { CheckpointConfig } from "../machine/checkpoint/config";
import type { Architecture } from "./architecture";
import { FAMILIES } from "./families";

const SIZES = {
  vocab_size: 96,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
};

const EXPERTS = { num_local_experts: 4 };
const NEO = { num_layers: 6, num_heads: 4, max_position_embeddings: 64 };
const GPT = { n_embd: 32, n_layer: 6, n_head: 4, n_positions: 64 };

function architecture(modelType: string, fields: Record<string, unknown> = {}): Architecture {
  const family = FAMILIES.find((one) => one.modelType === modelType)!;
  return family.architecture(new CheckpointConfig({ ...SIZES, ...fields }, "config.json"), new Set());
}

/** The windows of all layers, 0 for none. */
function windows(modelType: string, fields: Record<string, unknown>): number[] {
  const { layers, attentionKind } = architecture(modelType, fields);
  return Array.from({ length: layers }, (_, layer) => attentionKind(layer).slidingWindow ?? 0);
}

const [FULL, SLIDING] = ["full_attention", "sliding_attention"];
const TYPES = [SLIDING, FULL, FULL, SLIDING, FULL, "attention"];

describe("sliding windows", () => {
  // The expected values are what transformers 5.24 makes of the same fields.
  test.each<[string, Record<string, unknown>, number[]]>([
    ["mistral", {}, [4096, 4096, 4096, 4096, 4096, 4096]],
    ["mistral", { sliding_window: null }, [0, 0, 0, 0, 0, 0]],
    ["mistral", { sliding_window: 3 }, [3, 3, 3, 3, 3, 3]],
    ["phi3", {}, [0, 0, 0, 0, 0, 0]],
    ["phi3", { sliding_window: 2047 }, [2047, 2047, 2047, 2047, 2047, 2047]],
    ["qwen2", { sliding_window: 5, max_window_layers: 0 }, [0, 0, 0, 0, 0, 0]],
    ["qwen2", { use_sliding_window: true, max_window_layers: 4 }, [0, 0, 0, 0, 4096, 4096]],
    ["qwen2", { use_sliding_window: true, sliding_window: 5 }, [0, 0, 0, 0, 0, 0]],
    ["qwen2", { use_sliding_window: true, sliding_window: null, max_window_layers: 0 }, [0, 0, 0, 0, 0, 0]],
    ["qwen3", { use_sliding_window: true, sliding_window: 5, max_window_layers: 5 }, [0, 0, 0, 0, 0, 5]],
    ["qwen3", { use_sliding_window: true, sliding_window: 5, layer_types: TYPES }, [5, 0, 0, 5, 0, 0]],
    ["gemma3_text", {}, [4096, 4096, 4096, 4096, 4096, 0]],
    ["gemma3_text", { sliding_window: 512, sliding_window_pattern: 2 }, [512, 0, 512, 0, 512, 0]],
    ["gemma3_text", { sliding_window: 512, layer_types: TYPES }, [512, 0, 0, 512, 0, 0]],
    ["gemma3_text", { sliding_window: null, sliding_window_pattern: 1 }, [0, 0, 0, 0, 0, 0]],
    ["gemma4_text", {}, [512, 512, 512, 512, 512, 0]],
    ["gemma4_text", { num_hidden_layers: 8, sliding_window: 9 }, [9, 9, 9, 9, 9, 0, 9, 0]],
    ["gemma4_text", { layer_types: TYPES }, [512, 0, 0, 512, 0, 0]],
    ["gemma2", {}, [4096, 0, 4096, 0, 4096, 0]],
    ["gemma2", { sliding_window: 512, layer_types: TYPES }, [512, 0, 0, 512, 0, 0]],
    ["olmo3", {}, [4096, 4096, 4096, 0, 4096, 4096]],
    ["smollm3", { sliding_window: 8 }, [0, 0, 0, 0, 0, 0]],
    ["smollm3", { use_sliding_window: true, sliding_window: 8, no_rope_layer_interval: 2 }, [0, 8, 0, 8, 0, 8]],
    ["starcoder2", {}, [0, 0, 0, 0, 0, 0]],
    ["cohere2", {}, [4096, 4096, 4096, 0, 4096, 4096]],
    ["exaone4", { sliding_window_pattern: 2 }, [4096, 0, 4096, 0, 4096, 0]],
    ["exaone4", { sliding_window: null, sliding_window_pattern: 0 }, [0, 0, 0, 0, 0, 0]],
    ["gpt_neo", { ...NEO, attention_types: [[["global", "local", "local"], 2]] }, [0, 256, 256, 0, 256, 256]],
    ["gpt_oss", { ...EXPERTS, rope_parameters: { rope_theta: 5 } }, [128, 0, 128, 0, 128, 0]],
    ["mixtral", { ...EXPERTS, sliding_window: 7 }, [7, 7, 7, 7, 7, 7]],
    ["qwen3_moe", { sliding_window: 7 }, [0, 0, 0, 0, 0, 0]],
    ["qwen3_moe", { use_sliding_window: true }, [4096, 4096, 4096, 4096, 4096, 4096]],
  ])("%s %j", (modelType, fields, expected) => {
    expect(windows(modelType, fields)).toEqual(expected);
  });

  test("layers of a kind share one object, and with it masks and tables", () => {
    const { attentionKind } = architecture("gemma3_text", { layer_types: TYPES });
    expect(new Set([0, 3].map(attentionKind)).size).toBe(1);
    expect(new Set([1, 2, 4, 5].map(attentionKind)).size).toBe(1);
    expect(attentionKind(0)).not.toBe(attentionKind(1));
  });
});

test.each<[string, Record<string, unknown>, boolean[]]>([
  ["smollm3", {}, [true, true, true, false, true, true]],
  ["smollm3", { no_rope_layers: [1, 0, 0, 1, 1, 1, 1] }, [true, false, false, true, true, true]],
  ["cohere2", {}, [true, true, true, false, true, true]],
  ["exaone4", {}, [true, true, true, false, true, true]],
  ["exaone4", { sliding_window: null }, [true, true, true, true, true, true]],
  ["falcon", { alibi: true }, [false, false, false, false, false, false]],
])("which layers have rotary positions: %s %j", (modelType, fields, expected) => {
  const { layers, attentionKind } = architecture(modelType, fields);
  expect(Array.from({ length: layers }, (_, layer) => Boolean(attentionKind(layer).rotary))).toEqual(expected);
});

test("which layers have experts, and how many", () => {
  const counts = (fields: Record<string, unknown>) => {
    const { layers, mixture } = architecture("qwen3_moe", { num_experts: 8, ...fields });
    return Array.from({ length: layers }, (_, layer) => mixture!(layer)?.count ?? 0);
  };
  expect(counts({})).toEqual([8, 8, 8, 8, 8, 8]);
  expect(counts({ decoder_sparse_step: 2, mlp_only_layers: [1] })).toEqual([0, 0, 0, 8, 0, 8]);
});

describe("rotary bases of Gemma 3", () => {
  /** The ratio of the first two frequencies is base^(2 / head_dim). */
  const bases = (fields: Record<string, unknown>) =>
    [5, 0].map((layer) => {
      const { frequencies } = architecture("gemma3_text", fields).attentionKind(layer).rotary!;
      return Math.round((frequencies[0] / frequencies[1]) ** (SIZES.head_dim / 2) / 100) * 100;
    });

  test.each<[string, Record<string, unknown>, [whole: number, windowed: number]]>([
    ["the family's own", {}, [1000000, 10000]],
    ["of older configs", { rope_theta: 40000, rope_local_base_freq: 20000 }, [40000, 20000]],
    [
      "by type of layer",
      { rope_parameters: { [FULL]: { rope_theta: 40000 }, [SLIDING]: { rope_theta: 20000 } } },
      [40000, 20000],
    ],
    ["by one type of layer", { rope_parameters: { [SLIDING]: { rope_theta: 20000 } } }, [1000000, 20000]],
  ])("%s", (_, fields, expected) => {
    expect(bases(fields)).toEqual(expected);
  });

  test("rope_scaling is that of the layers without a window", () => {
    const { attentionKind } = architecture("gemma3_text", { rope_scaling: { rope_type: "linear", factor: 8 } });
    expect([5, 0].map((layer) => attentionKind(layer).rotary!.frequencies[0])).toEqual([1 / 8, 1]);
  });
});

describe("refused by name", () => {
  const longRope = { rope_type: "longrope", short_factor: [1, 1, 1, 1], long_factor: [1, 1, 1, 1] };

  test.each<[string, Record<string, unknown>, string]>([
    ["llama", { partial_rotary_factor: 0.5 }, "config.json: partial_rotary_factor = 0.5"],
    ["llama", { rope_parameters: { [FULL]: {} } }, "config.json, rope_parameters: full_attention = {}"],
    ["qwen2", { layer_types: TYPES }, 'config.json: layer_types = "sliding_attention" without a window'],
    ["qwen2", { layer_types: [FULL] }, "config.json: layer_types = a list of 1 for 6 layers"],
    ["qwen2", { layer_types: FULL }, 'config.json: layer_types = "full_attention"'],
    [
      "qwen3",
      { layer_types: [...TYPES.slice(1), "chunked_attention"], use_sliding_window: true },
      '"chunked_attention"',
    ],
    ["qwen3", { rope_scaling: { rope_type: "mrope" } }, 'rope_scaling: rope_type = "mrope"'],
    ["qwen3", { head_dim: 7 }, "config.json: num_attention_heads = 4"],
    ["gemma3_text", { attn_logit_softcapping: 50 }, "config.json: attn_logit_softcapping = 50"],
    ["gemma3_text", { final_logit_softcapping: 30 }, "config.json: final_logit_softcapping = 30"],
    ["gemma3_text", { use_bidirectional_attention: true }, "config.json: use_bidirectional_attention = true"],
    ["gemma3_text", { sliding_window: null }, "config.json: sliding_window = null"],
    ["gemma3_text", { rope_parameters: { rope_theta: 5 } }, "config.json, rope_parameters: rope_theta = 5"],
    ["gemma3_text", { rope_scaling: { type: "linear", factor: 8 } }, 'config.json, rope_scaling: type = "linear"'],
    ["gemma3_text", { rope_scaling: {}, rope_parameters: {} }, "config.json: rope_scaling = an object beside"],
    ["gemma3", {}, "config.json: text_config = none"],
    ["gemma3", { text_config: { model_type: "llama" } }, 'config.json, text_config: model_type = "llama"'],
    ["gemma3", { text_config: { per_layer_config: {} } }, "config.json, text_config: per_layer_config = {}"],
    [
      "gemma4_text",
      { enable_moe_block: true, num_experts: 4, top_k_experts: 5, moe_intermediate_size: 6 },
      "config.json: top_k_experts = 5",
    ],
    ["gemma4_text", { use_bidirectional_attention: "all" }, 'config.json: use_bidirectional_attention = "all"'],
    [
      "gemma4_text",
      { layer_types: TYPES.toReversed() },
      'config.json: layer_types = "sliding_attention" of the last layer',
    ],
    ["gemma4_text", { num_kv_shared_layers: 6 }, "config.json: num_kv_shared_layers = 6"],
    ["gemma4_text", { num_kv_shared_layers: 1 }, "config.json: num_kv_shared_layers = 1"],
    [
      "gemma4_text",
      { num_kv_shared_layers: 5, layer_types: [FULL, SLIDING, FULL, FULL, FULL, FULL] },
      "config.json: num_kv_shared_layers = 5",
    ],
    ["gemma4_text", { vocab_size_per_layer_input: 8 }, "config.json: vocab_size_per_layer_input = 8"],
    ["gemma4_text", { global_head_dim: 7 }, "config.json: global_head_dim = 7"],
    [
      "gemma4_text",
      { per_layer_config: { 0: { head_dim: 6 } } },
      "config.json: per_layer_config = other sizes in layers",
    ],
    ["gemma4_text", { per_layer_config: { 5: { skip: ["mlp"] } } }, 'config.json, per_layer_config, 5: skip = ["mlp"]'],
    ["gemma4_text", { rope_parameters: { [FULL]: { rope_theta: 5 } } }, "rope_parameters: sliding_attention = none"],
    ["gemma2", { use_bidirectional_attention: true }, "config.json: use_bidirectional_attention = true"],
    ["olmo2", { partial_rotary_factor: 0.5 }, "config.json: partial_rotary_factor = 0.5"],
    ["olmo3", { rope_parameters: { rope_theta: 5 } }, "config.json, rope_parameters: rope_theta = 5"],
    ["olmo3", { rope_scaling: { rope_type: "su", factor: 8 } }, 'config.json, rope_scaling: rope_type = "su"'],
    ["smollm3", { no_rope_layers: [1, 0] }, "config.json: no_rope_layers = [1,0]"],
    ["stablelm", { partial_rotary_factor: 2 }, "config.json: partial_rotary_factor = 2"],
    ["stablelm", { head_dim: 6 }, "config.json: head_dim = 6"],
    ["falcon", { new_decoder_architecture: true, parallel_attn: false }, "config.json: parallel_attn = false"],
    ["falcon", { num_ln_in_parallel_attn: 2 }, "config.json: num_ln_in_parallel_attn = 2"],
    ["cohere2", { head_dim: 6 }, "config.json: head_dim = 6"],
    ["cohere2", { sliding_window: null }, "config.json: sliding_window = null"],
    ["nemotron", { hidden_act: "xielu" }, 'config.json: hidden_act = "xielu"'],
    ["bloom", { ...GPT, apply_residual_connection_post_layernorm: true }, "apply_residual_connection_post_layernorm"],
    ["gpt_bigcode", { ...GPT, add_cross_attention: true }, "config.json: add_cross_attention = true"],
    ["gpt_neo", { ...NEO, attention_types: [[["global", "random"], 3]] }, "config.json: attention_types = "],
    ["gpt_neo", NEO, "config.json: attention_types = a list of 24 for 6 layers"],
    ["gptj", GPT, "config.json: rotary_dim = 64"],
    ["mixtral", { ...EXPERTS, num_experts_per_tok: 5 }, "config.json: num_experts_per_tok = 5"],
    ["olmoe", { sliding_window: 5 }, "config.json: sliding_window = 5"],
    ["phi3", { attention_bias: true }, "config.json: attention_bias = true"],
    ["phi3", { partial_rotary_factor: 0.4 }, "config.json: partial_rotary_factor = 0.4"],
    ["phi3", { rope_scaling: { type: "su" } }, 'config.json, rope_scaling: rope_type = "su"'],
    ["phi3", { rope_scaling: { rope_type: "linear", factor: 2 } }, 'rope_scaling: rope_type = "linear"'],
    [
      "phi3",
      { rope_scaling: { ...longRope, original_max_position_embeddings: 2048 } },
      "rope_scaling: original_max_position_embeddings = 2048",
    ],
  ])("%s %j", (modelType, fields, message) => {
    const open = () => {
      const { layers, blockWeights } = architecture(modelType, fields);
      for (let layer = 0; layer < layers; layer++) blockWeights(layer);
    };
    expect(open).toThrow(`${message}`);
    expect(open).toThrow(/ is not supported$/);
  });

  test("LongRoPE's factors have to be as many as there are pairs of features", () => {
    const scaling = { ...longRope, long_factor: [1, 1, 1] };
    expect(() => architecture("phi3", { rope_scaling: scaling })).toThrow(
      "config.json, rope_scaling: long_factor is [1,1,1]; it must be a list of 4 numbers",
    );
  });
});
