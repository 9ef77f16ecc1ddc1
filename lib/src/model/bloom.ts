import { geluTanh } from "./activations";
import { alibiSlopes, biasedScores } from "./alibi";
import type { ModelFamily } from "./architecture";
import { PLAIN_ATTENTION } from "./attention";
import { decoderArchitecture } from "./decoderBlocks";
import { NORMS_BEFORE } from "./llama";
import { plainMlp } from "./mlp";
import { layered } from "./norms";
import { fusedInGroups, selfAttention } from "./selfAttention";

/**
 * BLOOM: ALiBi in place of positions, and a layer norm of the embedding, after which hidden state 0 is taken.
 * Sources: BigScience Workshop 2022 (arXiv 2211.05100), section 3.2; Hugging Face transformers, models/bloom.
 */
export const bloom: ModelFamily = {
  modelType: "bloom",
  title: "BLOOM",
  architecture(config) {
    config.refuseAny("apply_residual_connection_post_layernorm");
    const width = config.count("n_embed", "hidden_size");
    const heads = config.count("n_head", "num_attention_heads");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension)) config.unsupported("n_head");
    const sizes = { width, heads, keyValueHeads: heads, headDimension, inner: 4 * width };
    const norm = layered(config.number("layer_norm_epsilon", 1e-5));
    const slopes = alibiSlopes(heads);
    const architecture = decoderArchitecture(
      { width, layers: config.count("n_layer", "num_hidden_layers"), vocabularySize: config.count("vocab_size") },
      {
        names: { root: "transformer", head: "lm_head", embedding: "word_embeddings", blocks: "h", norm: "ln_f" },
        tied: config.flag("tie_word_embeddings", true),
        norm,
        norms: NORMS_BEFORE,
        attention: selfAttention(sizes, {
          projection: fusedInGroups(sizes, "self_attention.query_key_value", true),
          output: { name: "self_attention.dense", bias: true },
          ...biasedScores(1 / Math.sqrt(headDimension), (head, position) => slopes[head] * position),
        }),
        mlp: plainMlp(sizes, geluTanh, true, ["mlp.dense_h_to_4h", "mlp.dense_4h_to_h"]),
        attentionKind: () => PLAIN_ATTENTION,
      },
    );
    return {
      ...architecture,
      embeddingWeights: {
        ...architecture.embeddingWeights,
        ...norm.weights("embeddingNorm", "transformer.word_embeddings_layernorm", width),
      },
      embed: (weights, rows) => norm.apply(rows, weights, "embeddingNorm"), // [T, width]
    };
  },
};
