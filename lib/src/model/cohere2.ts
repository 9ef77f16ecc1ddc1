import * as tf from "@tensorflow/tfjs-core";
import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { decoderArchitecture } from "./decoderBlocks";
import { pairsApart } from "./interleaved";
import { NORMS_BEFORE } from "./llama";
import { gatedMlp } from "./mlp";
import { layered } from "./norms";
import { decoderRotary } from "./rotary";
import { selfAttention, separate } from "./selfAttention";
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
    const bias = config.flag("attention_bias", false);
    const period = config.countOr("sliding_window_pattern", 4);
    const logitScale = config.number("logit_scale", 0.0625);
    const architecture = decoderArchitecture(sizes, {
      tied: config.flag("tie_word_embeddings", true),
      norm: layered(config.number("layer_norm_eps", 1e-5), { bias: false }),
      norms: { attention: NORMS_BEFORE.attention },
      parallel: true,
      attention: selfAttention(sizes, {
        projection: separate(sizes, bias),
        output: { name: "self_attn.o_proj", bias },
        prepare: pairsApart(headDimension),
      }),
      mlp: gatedMlp(sizes, activation(config, "hidden_act", "silu"), false),
      attentionKind: windowedAttention(config, {
        layers,
        window: slidingWindow(config, 4096),
        rotary: undefined,
        windowRotary: decoderRotary(config, headDimension),
        hasWindow: (layer) => (layer + 1) % period !== 0,
      }),
    });
    return {
      ...architecture,
      unembed: (weights, hidden) => tf.mul(architecture.unembed(weights, hidden), logitScale), // [t, vocabulary]
    };
  },
};
