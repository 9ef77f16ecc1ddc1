import type { CheckpointConfig } from "../machine/checkpoint/config";
import { DIVIDED } from "../machine/checkpoint/gguf/llama";
import type { RotarySettings } from "./rotarySettings";

/** Real heads are 64 to 256 wide; memory for the frequencies is taken before the weights are looked at. */
const WIDEST_HEAD = 2 ** 16;

/** The longest prompt that a model was made for. */
const LONGEST = "max_position_embeddings";

/** The longest one of its original training. */
const ORIGINAL = "original_max_position_embeddings";

/** What a scaling of rotary frequencies goes by. */
export interface ScaledRotary {
  /** Where `max_position_embeddings` and `original_max_position_embeddings` may stand. */
  config: CheckpointConfig;
  /** The section of the config with the scaling's own settings. */
  scaling: CheckpointConfig;
  /** How many features of a head are turned (even). */
  dimensions: number;
  theta: number;
  /** The section is that of a type of layers. */
  isNested?: boolean;
  /** What the family takes for `original_max_position_embeddings` and `max_position_embeddings` where the config leaves them out. */
  usualLength?: number;
}

type Scaling = (rotary: ScaledRotary) => Omit<RotarySettings, "dimensions">;

/**
 * By `rope_type`: how pairs of features are slowed for texts that are longer than those of the training. Each is rounded to
 * float32 wherever transformers 5.24 rounds, since at position 1000 the rounding of a frequency is seen.
 * Source: Hugging Face transformers, modeling_rope_utils.py.
 */
export const ROTARY_SCALINGS: Readonly<Record<string, Scaling>> = {
  default: (rotary) => ({ frequencies: inverse(periods(rotary)) }),
  linear: slowedByFactor,
  proportional,
  dynamic,
  yarn,
  longrope: longRope,
  llama3,
  [DIVIDED]: divided,
};

/** theta^(2i / d), tokens that a pair of features takes to turn by a radian. */
function periods({ config, dimensions, theta: own }: ScaledRotary, theta = own): Float64Array {
  if (dimensions > WIDEST_HEAD) config.unsupported("head_dim", String(dimensions));
  return Float64Array.from({ length: dimensions / 2 }, (_, pair) =>
    Math.fround(theta ** Math.fround((2 * pair) / dimensions)),
  );
}

function inverse(values: Float64Array): Float64Array {
  return values.map((value) => Math.fround(1 / value));
}

/** Tokens of the original training. That of the config itself goes before that of the section. */
function originalLength({ config, scaling, isNested, usualLength }: ScaledRotary): number {
  const own = !isNested && config.has(ORIGINAL) ? config.count(ORIGINAL) : usualLength;
  if (own !== undefined) return own;
  return scaling.has(ORIGINAL) ? scaling.count(ORIGINAL) : config.count(LONGEST);
}

/** `factor`, or the growth of the longest prompt where it is null (as LongRoPE has it: or missing). */
function growth(rotary: ScaledRotary, isOptional = false): number {
  const { config, scaling, usualLength } = rotary;
  if (scaling.has("factor") || !(isOptional || scaling.fields.factor === null)) return scaling.number("factor");
  return (usualLength ? config.countOr(LONGEST, usualLength) : config.count(LONGEST)) / originalLength(rotary);
}

/** Position interpolation. Source: Chen et al. 2023 (arXiv 2306.15595). */
function slowedByFactor(rotary: ScaledRotary) {
  const factor = rotary.scaling.number("factor");
  return { frequencies: inverse(periods(rotary)).map((frequency) => Math.fround(frequency / factor)) };
}

/** The first pairs turn as if all did, the others not at all. */
function proportional(rotary: ScaledRotary) {
  const { scaling, dimensions } = rotary;
  const turning = Math.floor((scaling.number("partial_rotary_factor", 1) * dimensions) / 2);
  const factor = scaling.number("factor", 1);
  const frequencies = inverse(periods(rotary));
  return { frequencies: frequencies.map((value, pair) => (pair < turning ? Math.fround(value / factor) : 0)) };
}

/**
 * Prompts that are longer than those of the training get a larger base, by their length.
 * Source: u/emozilla 2023, "Dynamically Scaled RoPE further increases performance of long context LLaMA".
 */
function dynamic(rotary: ScaledRotary) {
  const { config, scaling, dimensions, theta } = rotary;
  const trained = config.count(LONGEST);
  const factor = scaling.number("factor");
  if (dimensions === 2) scaling.unsupported("rope_type", '"dynamic" with heads of two features');
  const exponent = Math.fround(dimensions / (dimensions - 2));
  const longer = (tokens: number) => {
    const grown = Math.fround(Math.fround(Math.fround(factor * tokens) / trained) - (factor - 1));
    return inverse(periods(rotary, Math.fround(theta * Math.fround(grown ** exponent))));
  };
  return { frequencies: inverse(periods(rotary)), beyond: { tokens: trained, frequencies: longer } };
}

/**
 * YaRN: fast rotations are kept, slow ones are slowed by `factor`, and those between are interpolated, by how often a pair
 * turns in the original length; cosines and sines grow with the logarithm of the factor.
 * Source: Peng et al. 2023 (arXiv 2309.00071), section 3.
 */
function yarn(rotary: ScaledRotary) {
  const { scaling, dimensions, theta, isNested } = rotary;
  const factor = growth(rotary);
  const original = originalLength(rotary);
  // Transformers looks for it beside the sections alone.
  if (isNested && scaling.has("truncate")) scaling.unsupported("truncate");
  const truncate = scaling.flag("truncate", true);
  const bound = (turns: number, round: (value: number) => number) => {
    const pair = (dimensions * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
    return truncate ? round(pair) : pair;
  };
  const low = Math.max(bound(scaling.number("beta_fast", 32) || 32, Math.floor), 0);
  const high = Math.min(bound(scaling.number("beta_slow", 1) || 1, Math.ceil), dimensions - 1);
  const width = low === high ? 0.001 : high - low;
  const frequencies = periods(rotary).map((period, pair) => {
    const slowed = Math.fround(Math.min(1, Math.max(0, Math.fround(Math.fround(pair - low) / width))));
    const kept = Math.fround(1 - slowed);
    const interpolated = Math.fround(1 / Math.fround(factor * period));
    const fast = Math.fround(Math.fround(1 / period) * kept);
    return Math.fround(Math.fround(interpolated * Math.fround(1 - kept)) + fast);
  });
  const grown = (weight: number) => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  const [scale, scaleOfAll] = [scaling.number("mscale", 0), scaling.number("mscale_all_dim", 0)];
  const usual = scale && scaleOfAll ? grown(scale) / grown(scaleOfAll) : grown(1);
  return { frequencies, scale: Math.fround(scaling.number("attention_factor", usual)) };
}

/**
 * LongRoPE: each pair of features turns more slowly by a factor of its own, of which there is one list for prompts up to the
 * original length and one for longer ones; cosines and sines grow with the logarithm of the context.
 * Source: Ding et al. 2024 (arXiv 2402.13753).
 */
function longRope(rotary: ScaledRotary) {
  const { scaling, dimensions } = rotary;
  const original = originalLength(rotary);
  if (original === 1 || scaling.countOr(ORIGINAL, original) !== original) scaling.unsupported(ORIGINAL);
  const slowed = (name: string) => {
    const factors = scaling.numbers(name, dimensions / 2);
    return inverse(periods(rotary).map((period, pair) => Math.fround(Math.fround(factors[pair]) * period)));
  };
  const factor = growth(rotary, true);
  const grown = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  const long = slowed("long_factor");
  return {
    frequencies: slowed("short_factor"),
    beyond: { tokens: original, frequencies: () => long },
    scale: Math.fround(scaling.number("attention_factor", grown)),
  };
}

/**
 * Llama 3.1's rule: slow rotations are slowed further by `factor`, fast ones are kept, and those between are interpolated.
 * Source: Grattafiori et al. 2024 (arXiv 2407.21783); `_compute_llama3_parameters`.
 */
function llama3(rotary: ScaledRotary) {
  const { scaling } = rotary;
  const factor = scaling.number("factor");
  const low = scaling.number("low_freq_factor");
  const high = scaling.number("high_freq_factor");
  const context = originalLength(rotary);
  const frequencies = inverse(periods(rotary)).map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength > context / low) return Math.fround(frequency / factor);
    if (wavelength < context / high) return frequency;
    const smooth = (context / wavelength - low) / (high - low);
    return Math.fround(((1 - smooth) * frequency) / factor + smooth * frequency);
  });
  return { frequencies };
}

/** How a GGUF file tells Llama 3.1's rule: what each frequency is divided by. */
function divided(rotary: ScaledRotary) {
  const { scaling, dimensions } = rotary;
  const divisors = scaling.numbers("divisors", dimensions / 2);
  if (!divisors.every((divisor) => divisor > 0)) scaling.unsupported("divisors");
  return { frequencies: inverse(periods(rotary)).map((value, pair) => Math.fround(value / divisors[pair])) };
}
