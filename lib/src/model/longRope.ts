import type { CheckpointConfig } from "../machine/checkpoint/config";
import { rotaryPeriods } from "./rotary";
import type { RotarySettings } from "./rotarySettings";

/**
 * LongRoPE: each pair of features turns more slowly by a factor of its own, of which there is one list for prompts up to the
 * length of the original training and one for longer ones; cosines and sines grow with the logarithm of the context.
 * Sources: Ding et al. 2024 (arXiv 2402.13753); Hugging Face transformers, modeling_rope_utils.py,
 * `_compute_longrope_parameters`.
 *
 * @param scaling the section of the config with `short_factor` and `long_factor`
 * @param original tokens of the original training
 * @throws UserError if a field is missing or malformed, or the section names another original length
 */
export function longRope(
  config: CheckpointConfig,
  scaling: CheckpointConfig,
  { dimensions, base, original }: { dimensions: number; base: number; original: number },
): RotarySettings {
  const field = "original_max_position_embeddings";
  if (original === 1 || scaling.countOr(field, original) !== original) scaling.unsupported(field);
  const periods = rotaryPeriods(config, dimensions, scaling.number("rope_theta", base));
  const slowed = (name: string) => {
    const factors = scaling.numbers(name, dimensions / 2);
    // Rounded at every step, as PyTorch computes it.
    return periods.map((period, pair) => Math.fround(1 / Math.fround(Math.fround(factors[pair]) * period)));
  };
  const factor = scaling.number("factor", config.countOr("max_position_embeddings", original) / original);
  const grown = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  const scale = Math.fround(scaling.number("attention_factor", grown));
  return {
    dimensions,
    frequencies: slowed("short_factor"),
    long: { after: original, frequencies: slowed("long_factor") },
    scale,
  };
}
