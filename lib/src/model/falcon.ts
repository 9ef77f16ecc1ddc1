import type { CheckpointConfig } from "../machine/checkpoint/config";
import { FUSED_IN_THIRDS } from "../machine/checkpoint/gguf/falcon";
import { activation } from "./activations";
import { alibiSlopes, biasedScores } from "./alibi";
import type { ModelFamily } from "./architecture";
import { PLAIN_ATTENTION } from "./attention";
import { decoderArchitecture } from "./decoderBlocks";
import { NORMS_BEFORE } from "./llama";
import { plainMlp } from "./mlp";
import { layered } from "./norms";
import { decoderRotary } from "./rotary";
import { fusedInGroups, fusedInThirds, selfAttention } from "./selfAttention";

/**
 * Falcon: one head of keys for all queries, or for groups of them (`new_decoder_architecture`); attention and MLP side by
 * side or one after the other; rotary positions or ALiBi.
 * Sources: Almazrouei et al. 2023 (arXiv 2311.16867), section 4; Hugging Face transformers, models/falcon.
 */
export const falcon: ModelFamily = {
  modelType: "falcon",
  title: "Falcon",
  architecture(config) {
    const width = config.count("n_embed", "hidden_size");
    const heads = config.count("num_attention_heads");
    const headDimension = width / heads;
    if (!Number.isInteger(headDimension / 2)) config.unsupported("num_attention_heads");
    const [grouped, shared] = [config.flag("new_decoder_architecture", false), config.flag("multi_query", true)];
    const keyValueHeads = grouped ? config.countOr("num_kv_heads", heads) : shared ? 1 : heads;
    if (heads % keyValueHeads !== 0) config.unsupported("num_kv_heads");
    const sizes = { width, heads, keyValueHeads, headDimension, inner: config.countOr("ffn_hidden_size", 4 * width) };
    const bias = config.flag("bias", false);
    const projection = config.flag(FUSED_IN_THIRDS, false) ? fusedInThirds : fusedInGroups;
    const scale = 1 / Math.sqrt(headDimension);
    const slopes = config.flag("alibi", false) ? alibiSlopes(heads).map(toBfloat16) : undefined;
    const kind = slopes ? PLAIN_ATTENTION : { rotary: decoderRotary(config, headDimension) };
    const outer = { width, layers: config.count("num_hidden_layers"), vocabularySize: config.count("vocab_size") };
    return decoderArchitecture(outer, {
      names: { root: "transformer", head: "lm_head", embedding: "word_embeddings", blocks: "h", norm: "ln_f" },
      tied: config.flag("tie_word_embeddings", true),
      norm: layered(config.number("layer_norm_epsilon", 1e-5)),
      ...falconNorms(config, grouped),
      attention: selfAttention(sizes, {
        projection: projection(sizes, "self_attention.query_key_value", bias),
        output: { name: "self_attention.dense", bias },
        // Transformers computes in bfloat16 how far a score is lowered, as the models were trained.
        ...(slopes && biasedScores(scale, (head, position) => toBfloat16(slopes[head] * position) * scale)),
      }),
      mlp: plainMlp(sizes, activation(config, "activation", "gelu"), bias, ["mlp.dense_h_to_4h", "mlp.dense_4h_to_h"]),
      attentionKind: () => kind,
    });
  },
};

function falconNorms(config: CheckpointConfig, grouped: boolean) {
  const parallel = config.flag("parallel_attn", true);
  const count = config.countOr("num_ln_in_parallel_attn", grouped ? 2 : 1);
  // Other combinations have norms in transformers that its forward pass does not find.
  if (grouped && !parallel) config.unsupported("parallel_attn");
  if (count > 2 || (count === 2 && parallel && !grouped)) config.unsupported("num_ln_in_parallel_attn");
  if (!parallel) return { norms: NORMS_BEFORE };
  const norms = count === 2 ? { attention: "ln_attn", mlp: "ln_mlp" } : { attention: NORMS_BEFORE.attention };
  return { norms, parallel };
}

/** The nearest number with eight binary digits; of two the even one. */
function toBfloat16(value: number): number {
  if (value === 0) return 0;
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 7);
  const steps = value / unit;
  const below = Math.floor(steps);
  const isUp = steps - below > 0.5 || (steps - below === 0.5 && below % 2 !== 0);
  return (isUp ? below + 1 : below) * unit;
}
