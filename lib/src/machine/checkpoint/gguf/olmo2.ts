import { type ConfigFields, type GgufArchitecture, weightsOnly } from "./architecture";
import { LLAMA_TENSORS, llamaConfig, rotaryConfig } from "./llamaBlocks";
import { HEAD_NORMS } from "./qwen";

/** Norms after attention and after the MLP. */
export const NORMS_AFTER = {
  "blk.N.post_attention_norm": "model.layers.N.post_attention_layernorm",
  "blk.N.post_ffw_norm": "model.layers.N.post_feedforward_layernorm",
};

/** OLMo 2, and OLMo 3, which has windows. Sources: llama.cpp, conversion/olmo.py (`Olmo2Model`). */
export const olmo2: GgufArchitecture = {
  name: "olmo2",
  config(settings) {
    const fields = llamaConfig(settings);
    const rotary = rotaryConfig(settings, fields.head_dim);
    if (!settings.has("attention.sliding_window")) return { model_type: "olmo2", ...fields, ...rotary };
    const theta = rotary.rope_theta;
    const scaling = (rotary.rope_scaling ?? { rope_type: "default" }) as ConfigFields;
    return {
      ...fields,
      model_type: "olmo3",
      sliding_window: settings.count("attention.sliding_window"),
      layer_types: settings
        .flags("attention.sliding_window_pattern")
        .map((windowed) => (windowed ? "sliding_attention" : "full_attention")),
      rope_parameters: {
        full_attention: { rope_theta: theta, ...scaling },
        sliding_attention: { rope_type: "default", rope_theta: settings.number("rope.freq_base_swa", theta as number) },
      },
    };
  },
  tensors: { ...LLAMA_TENSORS, ...weightsOnly({ ...HEAD_NORMS, ...NORMS_AFTER }) },
};
