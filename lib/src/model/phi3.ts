import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { fusedGatedMlp } from "./mlp";
import { partialRotary } from "./partialRotary";
import { ropeSection, ropeType } from "./rotary";
import type { RotarySettings } from "./rotarySettings";
import { fusedInThirds } from "./selfAttention";
import { slidingWindow } from "./slidingWindow";

/**
 * Phi-3 and Phi-4: Llama's blocks with queries, keys and values in one projection and gate and up in another, a sliding
 * window, rotary positions on a part of each head, LongRoPE.
 * Sources: Abdin et al. 2024 (arXiv 2404.14219), section 2; Hugging Face transformers, models/phi3.
 */
export const phi3: ModelFamily = {
  modelType: "phi3",
  title: "Phi-3, Phi-4",
  architecture(config) {
    config.refuseAny("attention_bias", "mlp_bias");
    const sizes = decoderSizes(config);
    const kind = { rotary: phi3Rotary(config, sizes.headDimension), slidingWindow: slidingWindow(config) };
    return llamaArchitecture(config, sizes, {
      epsilon: 1e-5,
      attention: { projection: fusedInThirds(sizes, "self_attn.qkv_proj", false) },
      mlp: fusedGatedMlp(sizes, activation(config, "hidden_act", "silu")),
      attentionKind: () => kind,
    });
  },
};

function phi3Rotary(config: CheckpointConfig, headDimension: number): RotarySettings {
  const scaling = ropeSection(config);
  const type = ropeType(scaling);
  if (type !== "default" && type !== "longrope") scaling?.unsupported("rope_type", JSON.stringify(type));
  // The config's own original length counts, and where it has none transformers' default, whatever the section says.
  return partialRotary(config, headDimension, { share: 1, usualLength: 4096 });
}
