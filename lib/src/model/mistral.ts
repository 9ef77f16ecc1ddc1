import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { decoderRotary } from "./rotary";
import { slidingWindow } from "./slidingWindow";

/**
 * Mistral: Llama's blocks without biases, and a sliding window: a token looks at itself and the `sliding_window` - 1
 * tokens before it. Sources: Jiang et al. 2023 (arXiv 2310.06825); Hugging Face transformers, models/mistral.
 */
export const mistral: ModelFamily = {
  modelType: "mistral",
  title: "Mistral",
  architecture(config) {
    // The numbers are transformers' defaults for a config that does not say.
    const sizes = decoderSizes(config, { keyValueHeads: 8 });
    const kind = { rotary: decoderRotary(config, sizes.headDimension), slidingWindow: slidingWindow(config, 4096) };
    return llamaArchitecture(config, sizes, { attentionKind: () => kind });
  },
};
