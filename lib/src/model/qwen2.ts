import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { AttentionKind, ModelFamily } from "./architecture";
import { type DecoderSizes, decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { decoderRotary } from "./rotary";
import { slidingWindow, windowedAttention } from "./slidingWindow";

/**
 * Qwen2 and Qwen2.5: Llama's blocks with biases of queries, keys and values alone, and on request a sliding window in the
 * upper layers. Sources: Yang et al. 2024 (arXiv 2407.10671), section 2.2; Hugging Face transformers, models/qwen2.
 */
export const qwen2: ModelFamily = {
  modelType: "qwen2",
  title: "Qwen2, Qwen2.5",
  architecture(config) {
    const sizes = decoderSizes(config);
    return llamaArchitecture(config, sizes, {
      biases: { query: true, output: false, mlp: false },
      attentionKind: qwenAttention(config, sizes),
    });
  },
};

/** A window in the layers from `max_window_layers` on, if `use_sliding_window` says so. The numbers are transformers' defaults. */
export function qwenAttention(
  config: CheckpointConfig,
  { layers, headDimension }: DecoderSizes,
): (layer: number) => AttentionKind {
  const window = config.flag("use_sliding_window", false) ? slidingWindow(config, 4096) : undefined;
  const first = config.number("max_window_layers", 28);
  return windowedAttention(config, {
    layers,
    window,
    rotary: decoderRotary(config, headDimension),
    hasWindow: (layer) => window !== undefined && layer >= first,
  });
}
