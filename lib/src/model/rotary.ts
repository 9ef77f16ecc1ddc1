import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import { DIVIDED } from "../machine/checkpoint/gguf/llama";
import type { RotarySettings, RotaryTables } from "./rotarySettings";

/** Real heads are 64 to 256 wide; memory for the frequencies is taken before the weights are looked at. */
const WIDEST_HEAD = 2 ** 16;

/**
 * Reads how a checkpoint turns queries and keys (RoPE: Su et al. 2021, arXiv 2104.09864, equation 34). Both of Hugging
 * Face's spellings are read: `rope_theta` + `rope_scaling`, and `rope_parameters` of transformers 5.
 *
 * @param dimensions how many features of a head are turned (even)
 * @param base theta, if the config does not say
 * @throws UserError if the frequencies are scaled in a way that is not built here
 */
export function rotarySettings(config: CheckpointConfig, dimensions: number, base: number): RotarySettings {
  const settings = ropeSection(config);
  for (const type of ["full_attention", "sliding_attention"]) {
    if (settings?.has(type)) settings.unsupported(type);
  }
  return rotaryOf(config, settings, dimensions, base);
}

/** The settings in either spelling: where a config has both, transformers goes by `rope_scaling`. */
export function ropeSection(config: CheckpointConfig): CheckpointConfig | undefined {
  const sections = ["rope_scaling", "rope_parameters"].map((name) => config.section(name));
  return sections.find((section) => section && Object.keys(section.fields).length > 0);
}

/** For a model that turns whole heads. @throws UserError if a section asks for a part of them to be turned */
export function refusePartialRotary(...sections: (CheckpointConfig | undefined)[]): void {
  for (const section of sections) {
    if (section && section.number("partial_rotary_factor", 1) !== 1) section.unsupported("partial_rotary_factor");
  }
}

/** {@link rotarySettings} of a model that turns whole heads. */
export function decoderRotary(config: CheckpointConfig, headDimension: number): RotarySettings {
  refusePartialRotary(config, ropeSection(config));
  return rotarySettings(config, headDimension, config.number("rope_theta", 10000));
}

/** The same by one section of the config, for a model that has several; undefined stands for no scaling. */
export function rotaryOf(
  config: CheckpointConfig,
  scaling: CheckpointConfig | undefined,
  dimensions: number,
  base: number,
): RotarySettings {
  const frequencies = rotaryPeriods(config, dimensions, scaling?.number("rope_theta", base) ?? base).map((period) =>
    Math.fround(1 / period),
  );
  if (!scaling) return { dimensions, frequencies };
  const type = scaling.text("rope_type", scaling.text("type", "default"));
  if (type === "default") return { dimensions, frequencies };
  if (type === "linear") {
    const factor = scaling.number("factor");
    return { dimensions, frequencies: frequencies.map((frequency) => Math.fround(frequency / factor)) };
  }
  if (type === "llama3") return { dimensions, frequencies: frequencies.map(llama3Scaling(scaling)) };
  if (type === DIVIDED) return { dimensions, frequencies: divided(frequencies, scaling) };
  return scaling.unsupported("rope_type", JSON.stringify(type));
}

/**
 * theta^(2i / d), tokens that a pair of features takes to turn by a radian. Rounded to float32 at every step, as PyTorch
 * computes it: at position 1000 the rounding of a frequency is seen.
 */
export function rotaryPeriods(config: CheckpointConfig, dimensions: number, theta: number): Float64Array {
  if (dimensions > WIDEST_HEAD) config.unsupported("head_dim", String(dimensions));
  return Float64Array.from({ length: dimensions / 2 }, (_, pair) =>
    Math.fround(theta ** Math.fround((2 * pair) / dimensions)),
  );
}

/**
 * Llama 3.1's rule for longer contexts: slow rotations are slowed further by `factor`, fast ones are kept, and those
 * between are interpolated. Source: Hugging Face transformers, modeling_rope_utils.py, `_compute_llama3_parameters`.
 */
function llama3Scaling(scaling: CheckpointConfig): (frequency: number) => number {
  const factor = scaling.number("factor");
  const low = scaling.number("low_freq_factor");
  const high = scaling.number("high_freq_factor");
  const context = scaling.count("original_max_position_embeddings");
  return (frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength > context / low) return Math.fround(frequency / factor);
    if (wavelength < context / high) return frequency;
    const smooth = (context / wavelength - low) / (high - low);
    return Math.fround(((1 - smooth) * frequency) / factor + smooth * frequency);
  };
}

/** How a GGUF file tells Llama 3.1's rule: what each frequency is divided by. */
function divided(frequencies: Float64Array, scaling: CheckpointConfig): Float64Array {
  const divisors = scaling.numbers("divisors", frequencies.length);
  if (!divisors.every((divisor) => divisor > 0)) scaling.unsupported("divisors");
  return frequencies.map((frequency, pair) => Math.fround(frequency / divisors[pair]));
}

/** Cosines and sines for the first `tokens` positions. The caller disposes of them. */
export function rotaryTables(settings: RotarySettings, tokens: number): RotaryTables {
  const { dimensions, long, scale = 1 } = settings;
  const frequencies = long && tokens > long.after ? long.frequencies : settings.frequencies;
  const half = dimensions / 2;
  const cosine = new Float32Array(dimensions * tokens);
  const sine = new Float32Array(dimensions * tokens);
  for (let pair = 0; pair < half; pair++) {
    const [first, second] = [pair * tokens, (half + pair) * tokens];
    for (let position = 0; position < tokens; position++) {
      const angle = Math.fround(position * frequencies[pair]);
      cosine[first + position] = cosine[second + position] = scale * Math.fround(Math.cos(angle));
      sine[second + position] = scale * Math.fround(Math.sin(angle));
      sine[first + position] = -sine[second + position];
    }
  }
  const shape: [number, number] = [dimensions, tokens];
  return { cosine: tf.tensor2d(cosine, shape), sine: tf.tensor2d(sine, shape), dimensions };
}

/**
 * Turns the first features of all heads. The layout is that of Hugging Face ("rotate half"): feature i is paired with
 * feature i + dimensions / 2, not with its neighbour; features past `dimensions` stay as they are.
 * [heads, headDimension, T] -> the same
 */
export function rotate(heads: tf.Tensor3D, { cosine, sine, dimensions }: RotaryTables): tf.Tensor3D {
  const rest = heads.shape[1] - dimensions;
  const half = dimensions / 2;
  /** Some features of all heads [heads, count, T]. */
  const features = (first: number, count: number) => tf.slice3d(heads, [0, first, 0], [-1, count, -1]);
  const partners = tf.concat3d([features(half, half), features(0, half)], 1); // [heads, dimensions, T]
  const own = rest > 0 ? features(0, dimensions) : heads; // [heads, dimensions, T]
  const turned = tf.add<tf.Tensor3D>(tf.mul(own, cosine), tf.mul(partners, sine)); // [heads, dimensions, T]
  return rest > 0 ? tf.concat3d([turned, features(dimensions, rest)], 1) : turned;
}
