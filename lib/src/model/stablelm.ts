import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { decoderArchitecture } from "./decoderBlocks";
import { NORMS_BEFORE } from "./llama";
import { gatedMlp } from "./mlp";
import { layered, layeredByHead } from "./norms";
import { partialRotary } from "./partialRotary";
import { selfAttention, separate } from "./selfAttention";

/**
 * StableLM: layer norms, heads turned in part, a gated MLP; on request attention and MLP side by side, and layer norms of
 * queries and keys. Sources: Bellagente et al. 2024 (arXiv 2402.17834), section 3; Hugging Face transformers, models/stablelm.
 */
export const stablelm: ModelFamily = {
  modelType: "stablelm",
  title: "StableLM",
  architecture(config, tensorNames) {
    const sizes = decoderSizes(config, { keyValueHeads: 32 });
    // Transformers goes by width and heads, whatever the config says.
    if (sizes.headDimension !== sizes.width / sizes.heads) config.unsupported("head_dim");
    const epsilon = config.number("layer_norm_eps", 1e-5);
    const parallel = config.flag("use_parallel_residual", false);
    const kind = { rotary: partialRotary(config, sizes.headDimension, { share: 0.25 }) };
    return decoderArchitecture(sizes, {
      tied: config.flag("tie_word_embeddings", false),
      norm: layered(epsilon),
      norms: parallel ? { attention: NORMS_BEFORE.attention } : NORMS_BEFORE,
      parallel,
      attention: selfAttention(sizes, {
        projection: separate(sizes, config.flag("use_qkv_bias", false)),
        output: { name: "self_attn.o_proj", bias: false },
        headNorm: config.flag("qk_layernorm", false)
          ? { norm: layeredByHead(epsilon, tensorNames), query: "self_attn.q_layernorm", key: "self_attn.k_layernorm" }
          : undefined,
      }),
      mlp: gatedMlp(sizes, activation(config, "hidden_act", "silu"), false),
      attentionKind: () => kind,
    });
  },
};
