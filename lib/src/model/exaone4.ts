import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { overEachHead } from "./norms";
import { NORMS_AFTER } from "./olmo2";
import { decoderRotary } from "./rotary";
import { slidingWindow, windowedAttention } from "./slidingWindow";

/**
 * EXAONE 4: Llama's blocks with the norms after each part and norms of the heads' queries and keys; in models with a sliding
 * window three layers with it, then one without it and without positions.
 * Sources: LG AI Research 2025 (arXiv 2507.11407), section 2; Hugging Face transformers, models/exaone4.
 */
export const exaone4: ModelFamily = {
  modelType: "exaone4",
  title: "EXAONE 4",
  architecture(config) {
    const sizes = decoderSizes(config, { keyValueHeads: 32 });
    const window = slidingWindow(config, 4096);
    const period = window === undefined ? 1 : config.countOr("sliding_window_pattern", 4);
    const rotary = decoderRotary(config, sizes.headDimension);
    return llamaArchitecture(config, sizes, {
      epsilon: 1e-5,
      headNorms: overEachHead,
      norms: NORMS_AFTER,
      attentionKind: windowedAttention(config, {
        layers: sizes.layers,
        window,
        rotary: window === undefined ? rotary : undefined,
        windowRotary: rotary,
        hasWindow: (layer) => (layer + 1) % period !== 0,
      }),
    });
  },
};
