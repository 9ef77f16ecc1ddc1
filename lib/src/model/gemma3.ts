import type { ModelFamily } from "./architecture";
import { gemma3Architecture } from "./gemma3Text";
import { refuseQuantization } from "./quantization";

/**
 * Gemma 3 with images: of it the text model alone, whose prompts hold no images.
 * Source: Hugging Face transformers, models/gemma3, `Gemma3ForConditionalGeneration`.
 */
export const gemma3: ModelFamily = {
  modelType: "gemma3",
  title: "Gemma 3 (its text model)",
  architecture(config) {
    const text = config.section("text_config") ?? config.unsupported("text_config", "none");
    refuseQuantization(text);
    text.refuseAny("per_layer_config");
    if (text.text("model_type", "gemma3_text") !== "gemma3_text") text.unsupported("model_type");
    return gemma3Architecture(text, config.flag("tie_word_embeddings", true));
  },
};
