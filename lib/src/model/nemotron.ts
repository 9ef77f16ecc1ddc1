import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { decoderArchitecture } from "./decoderBlocks";
import { NORMS_BEFORE } from "./llama";
import { plainMlp } from "./mlp";
import { layered } from "./norms";
import { partialRotary } from "./partialRotary";
import { selfAttention, separate } from "./selfAttention";

/**
 * Nemotron and Minitron: layer norms whose weights are stored as their distance from 1, heads turned in part, an MLP without
 * gate that squares what a ReLU leaves. Sources: Parmar et al. 2024 (arXiv 2402.16819), section 2; Hugging Face transformers,
 * models/nemotron.
 */
export const nemotron: ModelFamily = {
  modelType: "nemotron",
  title: "Nemotron, Minitron",
  architecture(config) {
    const sizes = decoderSizes(config);
    const bias = config.flag("attention_bias", false);
    const kind = { rotary: partialRotary(config, sizes.headDimension, { share: 0.5 }) };
    const act = activation(config, "hidden_act", "relu2");
    return decoderArchitecture(sizes, {
      tied: config.flag("tie_word_embeddings", false),
      norm: layered(config.number("norm_eps", 1e-5), { addend: 1 }),
      norms: NORMS_BEFORE,
      attention: selfAttention(sizes, {
        projection: separate(sizes, bias),
        output: { name: "self_attn.o_proj", bias },
      }),
      mlp: plainMlp(sizes, act, config.flag("mlp_bias", false), ["mlp.up_proj", "mlp.down_proj"]),
      attentionKind: () => kind,
    });
  },
};
