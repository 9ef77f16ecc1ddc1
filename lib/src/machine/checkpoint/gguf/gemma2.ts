import type { GgufArchitecture } from "./architecture";
import { GEMMA_TENSORS, headShare } from "./gemma3";
import { llamaConfig, rotaryBase } from "./llamaBlocks";

/** The model with 27 billion weights, which the file tells from the others by nothing else. */
const LAYERS_OF_27B = 46;

/**
 * Gemma 2. Norms are stored as what they multiply with. The scale of queries, which the file does not say, is by the width of
 * a head, in the largest model by the width of the model; every second layer has a window.
 * Sources: llama.cpp, conversion/gemma.py (`Gemma2Model`), src/models/gemma2.cpp.
 */
export const gemma2: GgufArchitecture = {
  name: "gemma2",
  config(settings) {
    const fields = llamaConfig(settings);
    const { head_dim: headDimension, num_hidden_layers: layers } = fields;
    settings.only("rope.dimension_count", headDimension as number);
    return {
      model_type: "gemma2",
      ...fields,
      ...rotaryBase(settings),
      attn_logit_softcapping: settings.number("attn_logit_softcapping", 50),
      final_logit_softcapping: settings.number("final_logit_softcapping", 30),
      sliding_window: settings.count("attention.sliding_window"),
      query_pre_attn_scalar: layers === LAYERS_OF_27B ? headShare(settings) : headDimension,
    };
  },
  tensors: GEMMA_TENSORS,
};
