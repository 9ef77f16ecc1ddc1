import * as tf from "@tensorflow/tfjs-core";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { decoderRotary } from "./rotary";

/**
 * Granite 3: Llama's blocks with numbers by which embeddings, scores, what blocks write, and logits are multiplied.
 * Source: Hugging Face transformers, models/granite.
 */
export const granite: ModelFamily = {
  modelType: "granite",
  title: "Granite",
  architecture(config) {
    const sizes = decoderSizes(config);
    const bias = config.flag("attention_bias", false);
    const kind = { rotary: decoderRotary(config, sizes.headDimension) };
    const embeddingScale = config.number("embedding_multiplier", 1);
    const logitDivisor = config.number("logits_scaling", 1);
    const architecture = llamaArchitecture(config, sizes, {
      biases: { query: bias, output: bias, mlp: config.flag("mlp_bias", false) },
      attention: { scale: config.number("attention_multiplier", 1) },
      residualScale: config.number("residual_multiplier", 1),
      attentionKind: () => kind,
    });
    return {
      ...architecture,
      embed: (_, rows) => tf.mul(rows, embeddingScale), // [T, width]
      unembed: (weights, hidden) => tf.div(architecture.unembed(weights, hidden), logitDivisor), // [t, vocabulary]
    };
  },
};
