import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { partialRotary } from "./partialRotary";
import { slidingWindow, windowedAttention } from "./slidingWindow";

/**
 * SmolLM3: Llama's blocks, some of them without positions; these may have a sliding window.
 * Sources: Bakouch et al. 2025 (huggingface.co/blog/smollm3); Hugging Face transformers, models/smollm3.
 */
export const smollm3: ModelFamily = {
  modelType: "smollm3",
  title: "SmolLM3",
  architecture(config) {
    const sizes = decoderSizes(config, { keyValueHeads: 4 });
    const bias = config.flag("attention_bias", false);
    const isTurned = turnedLayers(config, sizes.layers);
    const window = slidingWindow(config);
    const hasWindow = (layer: number) =>
      config.flag("use_sliding_window", false) && window !== undefined && !isTurned[layer];
    const rotary = partialRotary(config, sizes.headDimension, { share: 1, base: 2e6 });
    const kinds = [undefined, rotary].map((one) =>
      windowedAttention(config, { layers: sizes.layers, window, rotary: one, hasWindow }),
    );
    return llamaArchitecture(config, sizes, {
      biases: { query: bias, output: bias, mlp: config.flag("mlp_bias", false) },
      tied: true,
      attentionKind: (layer) => kinds[Number(isTurned[layer])](layer),
    });
  },
};

/** Which layers have rotary positions: by `no_rope_layers`, in which 1 says that a layer has, or all but every so many. */
function turnedLayers(config: CheckpointConfig, layers: number): boolean[] {
  const field = "no_rope_layers";
  const interval = config.countOr("no_rope_layer_interval", 4);
  if (!config.has(field)) return Array.from({ length: layers }, (_, layer) => (layer + 1) % interval !== 0);
  const listed = config.fields[field];
  if (!Array.isArray(listed) || listed.length < layers) return config.unsupported(field);
  return listed.map((turned) => Boolean(turned));
}
