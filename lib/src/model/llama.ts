import type { CheckpointConfig } from "../machine/checkpoint/config";
import { activation } from "./activations";
import type { Architecture, AttentionKind, ModelFamily } from "./architecture";
import { type DecoderSizes, decoderSizes } from "./decoder";
import { type DecoderParts, decoderArchitecture } from "./decoderBlocks";
import { gatedMlp } from "./mlp";
import { type HeadNorm, type Norm, rootMeanSquare } from "./norms";
import { decoderRotary } from "./rotary";
import { type AttentionOptions, selfAttention, separate } from "./selfAttention";

/**
 * Llama: RMSNorm before attention and MLP, rotary positions, grouped queries, gated SiLU MLP.
 * Sources: Touvron et al. 2023 (arXiv 2302.13971), section 2.2; Hugging Face transformers, models/llama.
 */
export const llama: ModelFamily = {
  modelType: "llama",
  title: "Llama",
  architecture(config) {
    const sizes = decoderSizes(config);
    const attentionBias = config.flag("attention_bias", false);
    const kind = { rotary: decoderRotary(config, sizes.headDimension) };
    return llamaArchitecture(config, sizes, {
      biases: { query: attentionBias, output: attentionBias, mlp: config.flag("mlp_bias", false) },
      attentionKind: () => kind,
    });
  },
};

/** In what the families with Llama's blocks differ. */
export interface LlamaVariant {
  /** Which linear layers have biases: those of queries, keys and values, that of the output, those of the MLP. */
  biases?: { query: boolean; output: boolean; mlp?: boolean };
  /** Of the norms, where the config does not say: 1e-6 if undefined. */
  epsilon?: number;
  /** Queries and keys are normed before they are turned: what makes their norm of that of the blocks. */
  headNorms?: (norm: Norm) => HeadNorm;
  /** Whether the unembedding is the embedding, where the config does not say. */
  tied?: boolean;
  /** Further ways in which attention differs. */
  attention?: Partial<AttentionOptions>;
  /** In place of Llama's. */
  norms?: DecoderParts["norms"];
  mlp?: DecoderParts["mlp"];
  residualScale?: number;
  attentionKind(layer: number): AttentionKind;
}

/** The norms of a block that has one before each part, as most families call them. */
export const NORMS_BEFORE: DecoderParts["norms"] = { attention: "input_layernorm", mlp: "post_attention_layernorm" };

/** What Llama and the families that share its blocks have in common. */
export function llamaArchitecture(config: CheckpointConfig, sizes: DecoderSizes, variant: LlamaVariant): Architecture {
  const { biases = { query: false, output: false }, epsilon = 1e-6, headNorms, tied = false, ...others } = variant;
  const norm = rootMeanSquare(config.number("rms_norm_eps", epsilon));
  return decoderArchitecture(sizes, {
    tied: config.flag("tie_word_embeddings", tied),
    norm,
    norms: NORMS_BEFORE,
    mlp: gatedMlp(sizes, activation(config, "hidden_act", "silu"), biases.mlp ?? false),
    ...others,
    attention: selfAttention(sizes, {
      projection: separate(sizes, biases.query),
      output: { name: "self_attn.o_proj", bias: biases.output },
      headNorm: headNorms && { norm: headNorms(norm), query: "self_attn.q_norm", key: "self_attn.k_norm" },
      ...others.attention,
    }),
  });
}
