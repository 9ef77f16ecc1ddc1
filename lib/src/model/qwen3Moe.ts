import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import type { MixturePart } from "./decoderBlocks";
import { llamaArchitecture } from "./llama";
import { bestOfSoftmax, chosenExperts, gatedExperts, router } from "./mixture";
import { gatedMlp } from "./mlp";
import { overEachHead } from "./norms";
import { decoderRotary } from "./rotary";
import { slidingWindow } from "./slidingWindow";

/** What Qwen and the families after it call their experts. */
const EXPERT_NAMES = { root: "mlp.experts", gate: "gate_proj", up: "up_proj", down: "down_proj" };

/**
 * Qwen3's mixtures of experts: Qwen3 with a mixture in place of the MLP, in all layers or some.
 * Sources: Yang et al. 2025 (arXiv 2505.09388), section 2; Hugging Face transformers, models/qwen3_moe.
 */
export const qwen3Moe: ModelFamily = {
  modelType: "qwen3_moe",
  title: "Qwen3 (mixtures of experts)",
  architecture(config, tensorNames) {
    const sizes = decoderSizes(config, { keyValueHeads: 4 });
    const bias = config.flag("attention_bias", false);
    const window = config.flag("use_sliding_window", false) ? slidingWindow(config, 4096) : undefined;
    const kind = { rotary: decoderRotary(config, sizes.headDimension), slidingWindow: window };
    const act = activation(config, "hidden_act", "silu");
    const inner = config.countOr("moe_intermediate_size", 768);
    const mixture = qwenMixture(config, { width: sizes.width, inner, usualCount: 128 }, tensorNames);
    const dense = gatedMlp(sizes, act, false);
    const isDense = denseLayers(config, sizes.layers);
    return llamaArchitecture(config, sizes, {
      biases: { query: bias, output: bias },
      headNorms: overEachHead,
      mlp: (layer) => (isDense[layer] ? dense : mixture),
      attentionKind: () => kind,
    });
  },
};

/** The mixture of Qwen3 and OLMoE, by their settings. */
export function qwenMixture(
  config: CheckpointConfig,
  { width, inner, usualCount }: { width: number; inner: number; usualCount: number },
  tensorNames: ReadonlySet<string>,
): MixturePart {
  const [field, other] = ["num_experts", "num_local_experts"];
  const count = config.has(field) || config.has(other) ? config.count(field, other) : usualCount;
  const chosen = chosenExperts(config, count, 8);
  const normalized = config.flag("norm_topk_prob", false);
  return {
    count,
    ...router({ width, count }, "mlp.gate", false),
    choose: (scores) => bestOfSoftmax(scores, chosen, normalized),
    ...gatedExperts({ width, inner, count }, activation(config, "hidden_act", "silu"), EXPERT_NAMES, tensorNames),
  };
}

/** Which layers have an MLP: those listed, and all but every so many. */
function denseLayers(config: CheckpointConfig, layers: number): boolean[] {
  const listed = config.fields.mlp_only_layers ?? [];
  if (!Array.isArray(listed)) return config.unsupported("mlp_only_layers");
  const step = config.countOr("decoder_sparse_step", 1);
  return Array.from({ length: layers }, (_, layer) => listed.includes(layer) || (layer + 1) % step !== 0);
}
