import { type GgufArchitecture, weightsOnly } from "./architecture";
import { DIVISORS, dividedFrequencies } from "./llama";
import { LLAMA_TENSORS, llamaConfig, rotaryConfig } from "./llamaBlocks";
import { NORMS_AFTER } from "./olmo2";
import { HEAD_NORMS } from "./qwen";

/** EXAONE 4. Sources: llama.cpp, conversion/exaone.py (`Exaone4Model`). */
export const exaone4: GgufArchitecture = {
  name: "exaone4",
  config(settings) {
    const fields = llamaConfig(settings);
    const layers = fields.num_hidden_layers as number;
    const hasWindow = settings.has("attention.sliding_window");
    const windowed = hasWindow
      ? settings.flags("attention.sliding_window_pattern")
      : Array<boolean>(layers).fill(false);
    return {
      model_type: "exaone4",
      ...fields,
      ...rotaryConfig(settings, fields.head_dim),
      ...dividedFrequencies(settings),
      sliding_window: hasWindow ? settings.count("attention.sliding_window") : null,
      layer_types: windowed.map((one) => (one ? "sliding_attention" : "full_attention")),
    };
  },
  settingTensors: [DIVISORS],
  tensors: { ...LLAMA_TENSORS, ...weightsOnly({ ...HEAD_NORMS, ...NORMS_AFTER }) },
};
