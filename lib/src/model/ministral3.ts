import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { ModelFamily } from "./architecture";
import { decoderSizes } from "./decoder";
import { llamaArchitecture } from "./llama";
import { decoderRotary, ropeSection } from "./rotary";
import type { Heads } from "./selfAttention";
import { slidingWindow } from "./slidingWindow";

/** How positions are told where the config does not say (transformers' default). */
const USUAL_ROPE = {
  rope_type: "yarn",
  rope_theta: 1e6,
  factor: 16,
  original_max_position_embeddings: 16384,
  beta_fast: 32,
  beta_slow: 1,
  mscale_all_dim: 1,
  mscale: 1,
  llama_4_scaling_beta: 0.1,
};

/**
 * Ministral 3: Llama's blocks, with queries that grow with every length of the original training before them.
 * Source: Hugging Face transformers, models/ministral3.
 */
export const ministral3: ModelFamily = {
  modelType: "ministral3",
  title: "Ministral 3",
  architecture(given) {
    const config = ropeSection(given) ? given : given.with({ rope_parameters: USUAL_ROPE });
    const sizes = decoderSizes(config, { keyValueHeads: 8, headDimension: 128 });
    const kind = { rotary: decoderRotary(config, sizes.headDimension), slidingWindow: slidingWindow(config) };
    return llamaArchitecture(config, sizes, {
      epsilon: 1e-5,
      attention: { prepare: grownQueries(ropeSection(config)!) },
      attentionKind: () => kind,
    });
  },
};

/** Multiplies the queries at position p by 1 + beta ln(1 + floor(p / original)). */
function grownQueries(section: CheckpointConfig): (heads: Heads) => Heads {
  const beta = section.number("llama_4_scaling_beta");
  const original = section.count("original_max_position_embeddings");
  const scaleAt = (position: number) => 1 + beta * Math.log(1 + Math.floor(position / original));
  return (heads) => {
    const scales = Float32Array.from({ length: heads.queries.shape[2] }, (_, position) => scaleAt(position));
    return { ...heads, queries: tf.mul(heads.queries, tf.tensor1d(scales)) }; // [heads, headDimension, T]
  };
}
