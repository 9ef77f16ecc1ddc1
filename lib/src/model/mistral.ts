import type { ModelFamily } from "./architecture";
import { llamaArchitecture } from "./llama";

/**
 * Mistral: Llama's blocks without biases, and a sliding window: a token looks at itself and the `sliding_window` - 1
 * tokens before it. Sources: Jiang et al. 2023 (arXiv 2310.06825); Hugging Face transformers, models/mistral.
 */
export const mistral: ModelFamily = {
  modelType: "mistral",
  title: "Mistral",
  architecture: (config) => ({
    ...llamaArchitecture(config, { query: false, output: false, mlp: false }),
    // Transformers' default for a config that does not say is 4096, an explicit null means no window.
    slidingWindow:
      config.fields.sliding_window === null
        ? undefined
        : config.has("sliding_window")
          ? config.count("sliding_window")
          : 4096,
  }),
};
