import type { GgufArchitecture } from "./architecture";
import { LLAMA_TENSORS, layeredConfig, rotaryConfig } from "./llamaBlocks";

/**
 * Command R7B and Command A; every fourth layer has no window, which the file does not say.
 * Sources: llama.cpp, conversion/command_r.py (`Cohere2Model`), src/models/cohere2.cpp.
 */
export const cohere2: GgufArchitecture = {
  name: "cohere2",
  config(settings) {
    const { layer_norm_epsilon: epsilon, ...fields } = layeredConfig(settings);
    return {
      model_type: "cohere2",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      layer_norm_eps: epsilon,
      logit_scale: settings.number("logit_scale"),
      sliding_window: settings.count("attention.sliding_window"),
      sliding_window_pattern: 4,
    };
  },
  tensors: LLAMA_TENSORS,
};
