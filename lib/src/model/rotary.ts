import * as tf from "@tensorflow/tfjs-core";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import { ROTARY_SCALINGS, type ScaledRotary } from "./rotaryScalings";
import type { RotarySettings, RotaryTables } from "./rotarySettings";

/**
 * Reads how a checkpoint turns queries and keys (RoPE: Su et al. 2021, arXiv 2104.09864, equation 34). Both of Hugging
 * Face's spellings are read: `rope_theta` + `rope_scaling`, and `rope_parameters` of transformers 5.
 *
 * @param dimensions how many features of a head are turned (even)
 * @param base theta, if the section with the scaling does not say
 * @param options see {@link ScaledRotary}
 * @throws UserError if the frequencies are scaled in a way that is not built here
 */
export function rotarySettings(
  config: CheckpointConfig,
  dimensions: number,
  base: number,
  options: Pick<ScaledRotary, "usualLength"> = {},
): RotarySettings {
  const settings = ropeSection(config);
  for (const type of ["full_attention", "sliding_attention"]) {
    if (settings?.has(type)) settings.unsupported(type);
  }
  return rotaryOf(config, settings, dimensions, base, options);
}

/** The settings in either spelling: where a config has both, transformers goes by `rope_scaling`. */
export function ropeSection(config: CheckpointConfig): CheckpointConfig | undefined {
  const sections = ["rope_scaling", "rope_parameters"].map((name) => config.section(name));
  return sections.find((section) => section && Object.keys(section.fields).length > 0);
}

/** `rope_type`, or `type` as it was called before; "default" where a section says neither, or there is none. */
export function ropeType(section: CheckpointConfig | undefined): string {
  return section?.text("rope_type", section.text("type", "default")) ?? "default";
}

/** For a model that turns whole heads. @throws UserError if a section asks for a part of them to be turned */
export function refusePartialRotary(...sections: (CheckpointConfig | undefined)[]): void {
  for (const section of sections) {
    if (section && section.number("partial_rotary_factor", 1) !== 1) section.unsupported("partial_rotary_factor");
  }
}

/** {@link rotarySettings} of a model that turns whole heads. @param usualBase theta, if the config does not say */
export function decoderRotary(config: CheckpointConfig, headDimension: number, usualBase = 10000): RotarySettings {
  refusePartialRotary(config, ropeSection(config));
  return rotarySettings(config, headDimension, config.number("rope_theta", usualBase));
}

/** The same by one section of the config, for a model that has several; undefined stands for no scaling. */
export function rotaryOf(
  config: CheckpointConfig,
  section: CheckpointConfig | undefined,
  dimensions: number,
  base: number,
  options: Pick<ScaledRotary, "isNested" | "usualLength"> = {},
): RotarySettings {
  const scaling = section ?? config;
  const type = ropeType(section);
  if (!Object.hasOwn(ROTARY_SCALINGS, type)) scaling.unsupported("rope_type", JSON.stringify(type));
  const theta = section?.number("rope_theta", base) ?? base;
  return { dimensions, ...ROTARY_SCALINGS[type]({ config, scaling, dimensions, theta, ...options }) };
}

/** Cosines and sines for the first `tokens` positions. The caller disposes of them. */
export function rotaryTables(settings: RotarySettings, tokens: number): RotaryTables {
  const { dimensions, beyond, scale = 1 } = settings;
  const frequencies = beyond && tokens > beyond.tokens ? beyond.frequencies(tokens) : settings.frequencies;
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
