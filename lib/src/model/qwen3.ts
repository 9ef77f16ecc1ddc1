import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { overEachHead } from "./norms";
import { qwenAttention } from "./qwen2";

/**
 * Qwen3 (dense): Llama's blocks, with a norm over the features of each query head and key head.
 * Sources: Yang et al. 2025 (arXiv 2505.09388), section 2; Hugging Face transformers, models/qwen3.
 */
export const qwen3: ModelFamily = {
  modelType: "qwen3",
  title: "Qwen3",
  architecture(config) {
    // Transformers' default, whatever width and heads are.
    const sizes = decoderSizes(config, { headDimension: 128 });
    const bias = config.flag("attention_bias", false);
    return llamaArchitecture(config, sizes, {
      biases: { query: bias, output: bias, mlp: false },
      headNorms: overEachHead,
      attentionKind: qwenAttention(config, sizes),
    });
  },
};
