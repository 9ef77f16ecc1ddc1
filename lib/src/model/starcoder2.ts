import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { decoderArchitecture } from "./decoderBlocks";
import { NORMS_BEFORE } from "./llama";
import { plainMlp } from "./mlp";
import { layered } from "./norms";
import { decoderRotary } from "./rotary";
import { selfAttention, separate } from "./selfAttention";
import { slidingWindow } from "./slidingWindow";

/**
 * StarCoder2: layer norms, grouped queries, biases, an MLP without gate, on request a sliding window.
 * Sources: Lozhkov et al. 2024 (arXiv 2402.19173), section 6; Hugging Face transformers, models/starcoder2.
 */
export const starcoder2: ModelFamily = {
  modelType: "starcoder2",
  title: "StarCoder2",
  architecture(config) {
    const sizes = decoderSizes(config, { keyValueHeads: 2 });
    const bias = config.flag("use_bias", true);
    const kind = { rotary: decoderRotary(config, sizes.headDimension), slidingWindow: slidingWindow(config) };
    const act = activation(config, "hidden_act", "gelu_pytorch_tanh");
    return decoderArchitecture(sizes, {
      tied: config.flag("tie_word_embeddings", true),
      norm: layered(config.number("norm_epsilon", 1e-5)),
      norms: NORMS_BEFORE,
      attention: selfAttention(sizes, {
        projection: separate(sizes, bias),
        output: { name: "self_attn.o_proj", bias },
      }),
      mlp: plainMlp(sizes, act, bias, ["mlp.c_fc", "mlp.c_proj"]),
      attentionKind: () => kind,
    });
  },
};
