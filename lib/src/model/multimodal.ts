import { CheckpointConfig } from "../machine/checkpoint/config";

/**
 * Models of texts and images whose text model is one of the families, by `model_type`, with the family of those whose
 * `text_config` does not name one. Of such a model the text model is run, whose prompts hold no images.
 * Source: Hugging Face transformers 5.24, the configurations of these. Of Aya Vision and Command A Vision it leaves out the text
 * model's `logit_scale` (findings/unscaled-logits.sh); here loss and entropy are the text model's.
 */
export const MULTIMODAL: Readonly<Record<string, string>> = {
  aya_vision: "cohere2",
  cohere2_vision: "cohere2",
  gemma4: "gemma4_text",
  idefics3: "llama",
  internvl: "qwen2",
  llava: "llama",
  llava_next: "llama",
  mistral3: "mistral",
  smolvlm: "llama",
};

/** The settings of the text model: the config itself, or the section of a multimodal model that holds them. */
export function textConfig(config: CheckpointConfig): CheckpointConfig {
  const { modelType } = config;
  if (!Object.hasOwn(MULTIMODAL, modelType)) return config;
  const text = config.section("text_config") ?? config.unsupported("text_config", "none");
  // The unembedding is the whole model's, and so is whether it is the embedding.
  const tied = config.has("tie_word_embeddings") ? { tie_word_embeddings: config.fields.tie_word_embeddings } : {};
  return new CheckpointConfig({ model_type: MULTIMODAL[modelType], ...text.fields, ...tied }, text.path);
}
