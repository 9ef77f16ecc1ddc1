import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { Architecture, ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { type DecoderParts, decoderArchitecture } from "./decoderBlocks";
import { pairsApart } from "./interleaved";
import { NORMS_BEFORE } from "./llama";
import { gatedMlp } from "./mlp";
import { layered, layeredByHead } from "./norms";
import { decoderRotary } from "./rotary";
import { type AttentionOptions, selfAttention, separate } from "./selfAttention";

/**
 * Command R, Command R+ and Aya 23: attention and MLP side by side after one layer norm without bias, neighboring features
 * turned, scaled logits; on request layer norms of queries and keys, each head with its own. Sources: the model cards of
 * c4ai-command-r-v01 and c4ai-command-r-plus; Hugging Face transformers, models/cohere.
 */
export const cohere: ModelFamily = {
  modelType: "cohere",
  title: "Command R, Aya 23",
  architecture(config, tensorNames) {
    const sizes = decoderSizes(config);
    const kind = { rotary: decoderRotary(config, sizes.headDimension, 500_000) };
    const norm = layeredByHead(normEpsilon(config), tensorNames);
    return cohereArchitecture(config, sizes, {
      attentionKind: () => kind,
      headNorm: config.flag("use_qk_norm", false)
        ? { norm, query: "self_attn.q_norm", key: "self_attn.k_norm" }
        : undefined,
    });
  },
};

/** What Command R has in common with its successors (cohere2.ts): the blocks, and logits that are scaled. */
export function cohereArchitecture(
  config: CheckpointConfig,
  sizes: ReturnType<typeof decoderSizes>,
  { attentionKind, headNorm }: Pick<DecoderParts, "attentionKind"> & Pick<AttentionOptions, "headNorm">,
): Architecture {
  const bias = config.flag("attention_bias", false);
  const logitScale = config.number("logit_scale", 0.0625);
  const architecture = decoderArchitecture(sizes, {
    tied: config.flag("tie_word_embeddings", true),
    norm: layered(normEpsilon(config), { bias: false }),
    norms: { attention: NORMS_BEFORE.attention },
    parallel: true,
    attention: selfAttention(sizes, {
      projection: separate(sizes, bias),
      output: { name: "self_attn.o_proj", bias },
      headNorm,
      prepare: pairsApart(sizes.headDimension),
    }),
    mlp: gatedMlp(sizes, activation(config, "hidden_act", "silu"), false),
    attentionKind,
  });
  return {
    ...architecture,
    unembed: (weights, hidden) => tf.mul(architecture.unembed(weights, hidden), logitScale), // [t, vocabulary]
  };
}

function normEpsilon(config: CheckpointConfig): number {
  return config.number("layer_norm_eps", 1e-5);
}
