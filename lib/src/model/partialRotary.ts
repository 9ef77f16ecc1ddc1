import type { CheckpointConfig } from "../machine/checkpoint/config";
import { ropeSection, rotarySettings } from "./rotary";
import type { RotarySettings } from "./rotarySettings";

/**
 * The rotary positions of a family that turns a part of each head.
 *
 * @param usual share of a head that is turned, theta, and the original length, where the config does not say
 * @throws UserError if no whole number of pairs comes out, or the frequencies are scaled in a way that is not built here
 */
export function partialRotary(
  config: CheckpointConfig,
  headDimension: number,
  usual: { share: number; base?: number; usualLength?: number },
): RotarySettings {
  const field = "partial_rotary_factor";
  const section = ropeSection(config);
  const from = section?.has(field) ? section : config;
  const dimensions = Math.floor(headDimension * from.number(field, usual.share));
  if (dimensions % 2 !== 0 || dimensions <= 0 || dimensions > headDimension) from.unsupported(field);
  const { base = 10000, usualLength } = usual;
  return rotarySettings(config, dimensions, config.number("rope_theta", base), { usualLength });
}
