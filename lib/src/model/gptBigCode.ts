import { activation } from "./activations";
import type { ModelFamily } from "./architecture";
import { PLAIN_ATTENTION } from "./attention";
import type { DecoderNames } from "./decoder";
import { type DecoderParts, decoderArchitecture } from "./decoderBlocks";
import { withLearnedPositions } from "./learnedPositions";
import { plainMlp } from "./mlp";
import { layered } from "./norms";
import { fusedInGroups, selfAttention } from "./selfAttention";

/** Where GPT-2 and the families after it keep their parts. */
export const GPT_NAMES: DecoderNames = {
  root: "transformer",
  head: "lm_head",
  embedding: "wte",
  blocks: "h",
  norm: "ln_f",
};

/** What they call the norms of a block. */
export const GPT_NORMS: DecoderParts["norms"] = { attention: "ln_1", mlp: "ln_2" };

/**
 * SantaCoder and StarCoder: GPT-2 with one head of keys and values for all queries.
 * Sources: Li et al. 2023 (arXiv 2305.06161), section 5; Hugging Face transformers, models/gpt_bigcode.
 */
export const gptBigCode: ModelFamily = {
  modelType: "gpt_bigcode",
  title: "SantaCoder, StarCoder",
  architecture(config) {
    config.refuseAny("add_cross_attention");
    const width = config.count("n_embd", "hidden_size");
    const heads = config.count("n_head", "num_attention_heads");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension)) config.unsupported("n_head");
    const keyValueHeads = config.flag("multi_query", true) ? 1 : heads;
    const sizes = { width, heads, keyValueHeads, headDimension, inner: config.countOr("n_inner", 4 * width) };
    const act = activation(config, "activation_function", "gelu_pytorch_tanh");
    const architecture = decoderArchitecture(
      { width, layers: config.count("n_layer", "num_hidden_layers"), vocabularySize: config.count("vocab_size") },
      {
        names: GPT_NAMES,
        tied: config.flag("tie_word_embeddings", true),
        norm: layered(config.number("layer_norm_epsilon", 1e-5)),
        norms: GPT_NORMS,
        attention: selfAttention(sizes, {
          projection: fusedInGroups(sizes, "attn.c_attn", true),
          output: { name: "attn.c_proj", bias: true },
          scale: config.flag("scale_attn_weights", true) ? undefined : 1,
        }),
        mlp: plainMlp(sizes, act, true, ["mlp.c_fc", "mlp.c_proj"]),
        attentionKind: () => PLAIN_ATTENTION,
      },
    );
    return withLearnedPositions(
      architecture,
      "transformer.wpe.weight",
      config.count("n_positions", "max_position_embeddings"),
    );
  },
};
