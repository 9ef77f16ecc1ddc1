import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderArchitecture } from "./decoderBlocks";
import { NORMS_BEFORE } from "./llama";
import { plainMlp } from "./mlp";
import { layered } from "./norms";
import { ropeSection, rotarySettings } from "./rotary";
import { fusedInGroups, selfAttention } from "./selfAttention";

/**
 * GPT-NeoX and Pythia: layer norms, rotary positions on a part of each head, attention and MLP side by side
 * (`use_parallel_residual`) or one after the other.
 * Sources: Black et al. 2022 (arXiv 2204.06745), section 2; Hugging Face transformers, models/gpt_neox.
 */
export const gptNeoX: ModelFamily = {
  modelType: "gpt_neox",
  title: "GPT-NeoX, Pythia",
  architecture(config) {
    const width = config.count("hidden_size");
    const heads = config.count("num_attention_heads");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension)) config.unsupported("num_attention_heads");
    const bias = config.flag("attention_bias", true);
    const usualFraction = config.number("rotary_pct", 0.25);
    const fraction = ropeSection(config)?.number("partial_rotary_factor", usualFraction) ?? usualFraction;
    const turned = Math.floor(headDimension * fraction);
    if (turned % 2 !== 0 || turned < 0 || turned > headDimension) config.unsupported("rotary_pct");
    // Transformers does not look at a rope_theta outside of the section.
    const base = config.number("rotary_emb_base", 10000);
    const attentionKind = { rotary: turned > 0 ? rotarySettings(config, turned, base) : undefined };
    const sizes = { width, heads, keyValueHeads: heads, headDimension, inner: config.count("intermediate_size") };
    const act = activation(config, "hidden_act", "gelu");
    return decoderArchitecture(
      { width, layers: config.count("num_hidden_layers"), vocabularySize: config.count("vocab_size") },
      {
        names: { root: "gpt_neox", head: "embed_out", embedding: "embed_in", norm: "final_layer_norm" },
        tied: config.flag("tie_word_embeddings", false),
        norm: layered(config.number("layer_norm_eps", 1e-5)),
        norms: NORMS_BEFORE,
        parallel: config.flag("use_parallel_residual", true),
        attention: selfAttention(sizes, {
          projection: fusedInGroups(sizes, "attention.query_key_value", bias),
          output: { name: "attention.dense", bias },
        }),
        mlp: plainMlp(sizes, act, true, ["mlp.dense_h_to_4h", "mlp.dense_4h_to_h"]),
        attentionKind: () => attentionKind,
      },
    );
  },
};
