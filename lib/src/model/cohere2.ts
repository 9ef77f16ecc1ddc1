import type { ModelFamily } from "./architecture";
import { cohereArchitecture } from "./cohere";
import { decoderSizes } from "./decoder";
import { decoderRotary } from "./rotary";
import { slidingWindow, windowedAttention } from "./slidingWindow";

/**
 * Command R7B and Command A: attention and MLP side by side after one layer norm without bias; three layers with a sliding
 * window and rotary positions, then one without either. Sources: Cohere 2025 (arXiv 2504.00698), section 2; Hugging Face
 * transformers, models/cohere2.
 */
export const cohere2: ModelFamily = {
  modelType: "cohere2",
  title: "Command R7B, Command A",
  architecture(config) {
    const sizes = decoderSizes(config);
    const { width, heads, headDimension, layers } = sizes;
    // Transformers goes by width and heads, whatever the config says.
    if (headDimension !== width / heads) config.unsupported("head_dim");
    const period = config.countOr("sliding_window_pattern", 4);
    return cohereArchitecture(config, sizes, {
      attentionKind: windowedAttention(config, {
        layers,
        window: slidingWindow(config, 4096),
        rotary: undefined,
        windowRotary: decoderRotary(config, headDimension),
        hasWindow: (layer) => (layer + 1) % period !== 0,
      }),
    });
  },
};
