import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { Architecture, ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import type { DecoderParts } from "./decoderBlocks";
import { pairsApart } from "./interleaved";
import { llamaArchitecture, NORMS_BEFORE } from "./llama";
import { fusedGatedMlp } from "./mlp";
import { partialRotary } from "./partialRotary";
import { separate } from "./selfAttention";

/**
 * GLM-4-0414: Llama's blocks with a norm before and after each part, gate and up in one projection, and neighboring features
 * of half of each head turned. Sources: GLM Team 2024 (arXiv 2406.12793), section 2; Hugging Face transformers, models/glm4.
 */
export const glm4: ModelFamily = {
  modelType: "glm4",
  title: "GLM-4-0414",
  architecture: (config) =>
    glmArchitecture(config, {
      ...NORMS_BEFORE,
      attended: "post_self_attn_layernorm",
      output: "post_mlp_layernorm",
    }),
};

/** GLM-4 and GLM-Edge: the same without the norms after each part. Source: Hugging Face transformers, models/glm. */
export const glm: ModelFamily = {
  modelType: "glm",
  title: "GLM-4, GLM-Edge",
  architecture: (config) => glmArchitecture(config, NORMS_BEFORE),
};

function glmArchitecture(config: CheckpointConfig, norms: DecoderParts["norms"]): Architecture {
  const sizes = decoderSizes(config, { keyValueHeads: 2, headDimension: 128 });
  const kind = { rotary: partialRotary(config, sizes.headDimension, { share: 0.5 }) };
  return llamaArchitecture(config, sizes, {
    epsilon: 1.5625e-7,
    norms,
    attention: {
      projection: separate(sizes, config.flag("attention_bias", true)),
      prepare: pairsApart(kind.rotary.dimensions),
    },
    mlp: fusedGatedMlp(sizes, activation(config, "hidden_act", "silu")),
    attentionKind: () => kind,
  });
}
