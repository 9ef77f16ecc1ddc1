import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { bestOfSoftmax, chosenExperts, gatedExperts, router } from "./mixture";
import { partialRotary } from "./partialRotary";
import { slidingWindow } from "./slidingWindow";

/**
 * Mixtral: Mistral with a mixture of experts in place of the MLP. Sources: Jiang et al. 2024 (arXiv 2401.04088), section 2;
 * Hugging Face transformers, models/mixtral.
 */
export const mixtral: ModelFamily = {
  modelType: "mixtral",
  title: "Mixtral",
  architecture(config, tensorNames) {
    const sizes = decoderSizes(config, { keyValueHeads: 8 });
    const rotary = partialRotary(config, sizes.headDimension, { share: 1, base: 1e6 });
    const kind = { rotary, slidingWindow: slidingWindow(config) };
    const count = config.count("num_local_experts", "num_experts");
    const chosen = chosenExperts(config, count, 2);
    const names = { root: "block_sparse_moe.experts", gate: "w1", up: "w3", down: "w2" };
    return llamaArchitecture(config, sizes, {
      epsilon: 1e-5,
      mlp: {
        count,
        ...router({ ...sizes, count }, "block_sparse_moe.gate", false),
        choose: (scores) => bestOfSoftmax(scores, chosen, true),
        ...gatedExperts({ ...sizes, count }, activation(config, "hidden_act", "silu"), names, tensorNames),
      },
      attentionKind: () => kind,
    });
  },
};
