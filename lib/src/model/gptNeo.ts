import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { AttentionKind, ModelFamily } from "./architecture";
import { PLAIN_ATTENTION } from "./attention";
import { decoderArchitecture } from "./decoderBlocks";
import { GPT_NAMES, GPT_NORMS } from "./gptBigCode";
import { withLearnedPositions } from "./learnedPositions";
import { plainMlp } from "./mlp";
import { layered } from "./norms";
import { selfAttention, separate } from "./selfAttention";

/**
 * GPT-Neo: GPT-2 with a window in every second layer, and scores that are not scaled.
 * Sources: Black et al. 2021 (doi 10.5281/zenodo.5297715); Hugging Face transformers, models/gpt_neo.
 */
export const gptNeo: ModelFamily = {
  modelType: "gpt_neo",
  title: "GPT-Neo",
  architecture(config) {
    const width = config.count("hidden_size");
    const heads = config.count("num_heads", "num_attention_heads");
    const layers = config.count("num_layers", "num_hidden_layers");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension)) config.unsupported("num_heads");
    const inner = config.countOr("intermediate_size", 4 * width);
    const sizes = { width, heads, keyValueHeads: heads, headDimension, inner };
    const projections = ["q", "k", "v"].map((one) => `attn.attention.${one}_proj`);
    const local: AttentionKind = { slidingWindow: config.countOr("window_size", 256) };
    const isLocal = localLayers(config, layers);
    const architecture = decoderArchitecture(
      { width, layers, vocabularySize: config.count("vocab_size") },
      {
        names: GPT_NAMES,
        tied: config.flag("tie_word_embeddings", true),
        norm: layered(config.number("layer_norm_epsilon", 1e-5)),
        norms: GPT_NORMS,
        attention: selfAttention(sizes, {
          projection: separate(sizes, false, projections),
          output: { name: "attn.attention.out_proj", bias: true },
          scale: 1,
        }),
        mlp: plainMlp(sizes, activation(config, "activation_function", "gelu_new"), true, ["mlp.c_fc", "mlp.c_proj"]),
        attentionKind: (layer) => (isLocal[layer] ? local : PLAIN_ATTENTION),
      },
    );
    return withLearnedPositions(architecture, "transformer.wpe.weight", config.count("max_position_embeddings"));
  },
};

/** A list of layers longer than any model has would fill the memory before it is refused. */
const MOST_REPEATS = 1000;

/** Reads `attention_types`: lists of "global" and "local", each with how often it is repeated. */
function localLayers(config: CheckpointConfig, layers: number): boolean[] {
  const field = "attention_types";
  const types = config.fields[field] ?? [[["global", "local"], 12]];
  const isType = (one: unknown) => one === "global" || one === "local";
  if (!Array.isArray(types)) return config.unsupported(field);
  const listed = types.flatMap((item: unknown) => {
    const [kinds, times] = Array.isArray(item) ? item : [];
    const good =
      Array.isArray(kinds) && kinds.every(isType) && Number.isInteger(times) && times > 0 && times <= MOST_REPEATS;
    return good ? Array.from({ length: times }, () => kinds as string[]).flat() : config.unsupported(field);
  });
  if (listed.length !== layers) config.unsupported(field, `a list of ${listed.length} for ${layers} layers`);
  return listed.map((one) => one === "local");
}
