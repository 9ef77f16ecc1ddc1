import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import type { Activation } from "./activations";
import type { MixturePart } from "./decoderBlocks";
import { linear } from "./linear";
import { bestOfSoftmax, router } from "./mixture";
import type { Norm } from "./norms";

/**
 * The experts that a layer of Gemma 4 may have beside its MLP. They and their router read the hidden state before any norm:
 * each has one of its own.
 * Source: Hugging Face transformers 5.24, models/gemma4, `Gemma4TextRouter` and `Gemma4TextExperts`.
 *
 * @param plainNorm without weights, of what the router reads
 * @returns undefined for a model without
 * @throws UserError naming a setting that is missing, malformed or not supported
 */
export function gemma4Experts(
  config: CheckpointConfig,
  width: number,
  { norm, plainNorm, act }: { norm: Norm; plainNorm: Norm; act: Activation },
): MixturePart | undefined {
  if (!config.flag("enable_moe_block", false)) return undefined;
  const count = config.count("num_experts");
  const chosen = config.count("top_k_experts");
  const inner = config.count("moe_intermediate_size");
  if (chosen > count) config.unsupported("top_k_experts");
  const scores = router({ width, count }, "router.proj", false);
  return {
    count,
    weights: (block) => ({
      ...scores.weights(block),
      routerScale: { name: `${block}.router.scale`, shape: [width] },
      ...norm.weights("denseNorm", `${block}.post_feedforward_layernorm_1`, width),
      ...norm.weights("expertsNorm", `${block}.post_feedforward_layernorm_2`, width),
    }),
    score(input, weights) {
      const normed = plainNorm.apply(input, weights, "router"); // [T, width]
      return scores.score(tf.mul(tf.mul(normed, weights.routerScale), 1 / Math.sqrt(width)), weights);
    },
    choose: (ofToken) => bestOfSoftmax(ofToken, chosen, true),
    expertWeights(block, expert) {
      const part = { part: expert, transposed: true };
      return {
        ...norm.weights("expertNorm", `${block}.pre_feedforward_layernorm_2`, width),
        "gateUp.weight": { name: `${block}.experts.gate_up_proj`, shape: [count, 2 * inner, width], ...part },
        "down.weight": { name: `${block}.experts.down_proj`, shape: [count, width, inner], ...part },
        scale: { name: `${block}.router.per_expert_scale`, shape: [count], part: expert },
      };
    },
    applyExpert(input, weights) {
      const both = linear(norm.apply(input, weights, "expertNorm"), weights, "gateUp"); // [n, 2 inner]
      const [gate, up] = tf.split<tf.Tensor2D>(both, 2, 1); // [n, inner]
      return tf.mul(linear(tf.mul(act(gate), up), weights, "down"), weights.scale); // [n, width]
    },
  };
}
