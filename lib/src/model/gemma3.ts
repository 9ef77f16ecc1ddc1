import type { ModelFamily } from "./architecture";
import type { DecoderNames } from "./decoder";
import { gemma3Architecture } from "./gemma3Text";
import { refuseQuantization } from "./quantization";

/** Where checkpoints keep the text model: as transformers writes it within its own classes, and as the hub's files have it. */
const NAMES: readonly DecoderNames[] = [
  { root: "model.language_model", head: "lm_head" },
  { root: "language_model.model", head: "language_model.lm_head" },
];

/**
 * Gemma 3 with images: of it the text model alone, whose prompts hold no images.
 * Source: Hugging Face transformers, models/gemma3, `Gemma3ForConditionalGeneration`.
 */
export const gemma3: ModelFamily = {
  modelType: "gemma3",
  title: "Gemma 3 (its text model)",
  architecture(config, tensorNames) {
    const text = config.section("text_config") ?? config.unsupported("text_config", "none");
    refuseQuantization(text);
    text.refuseAny("per_layer_config");
    if (text.text("model_type", "gemma3_text") !== "gemma3_text") text.unsupported("model_type");
    const names = NAMES.find(({ root }) => tensorNames.has(`${root}.embed_tokens.weight`)) ?? NAMES[0];
    return gemma3Architecture(text, config.flag("tie_word_embeddings", true), names);
  },
};
