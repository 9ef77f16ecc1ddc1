import type { ConfigFields, GgufArchitecture } from "./architecture";
import { LLAMA_ORDER } from "./llama";
import { llamaConfig, rotaryConfig } from "./llamaBlocks";

/**
 * Ministral 3, whose queries grow with every original length, with tensors in Llama's order. llama.cpp calls Mistral Small 3.1,
 * whose queries do not grow, the same: a Llama. Of YaRN's two multipliers the file has one; the other is 1 in all models.
 * Sources: llama.cpp, conversion/mistral3.py (`Mistral3Model`), src/models/mistral3.cpp.
 */
export const mistral3: GgufArchitecture = {
  name: "mistral3",
  config(settings) {
    const fields = llamaConfig(settings);
    const { rope_theta: theta, rope_scaling: scaling } = rotaryConfig(settings, fields.head_dim);
    const scaled = (scaling ?? { rope_type: "default" }) as ConfigFields;
    if (scaled.rope_type === "yarn" && settings.has("rope.scaling.yarn_log_multiplier")) {
      Object.assign(scaled, { mscale: 1, mscale_all_dim: settings.number("rope.scaling.yarn_log_multiplier") });
    }
    const grows = settings.has("attention.temperature_scale");
    const growth = grows && { llama_4_scaling_beta: settings.number("attention.temperature_scale") };
    return {
      ...fields,
      model_type: grows ? "ministral3" : "llama",
      rope_parameters: { rope_theta: theta, ...scaled, ...growth },
    };
  },
  tensors: LLAMA_ORDER,
};
