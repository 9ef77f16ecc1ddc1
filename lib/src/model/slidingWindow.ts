import type { CheckpointConfig } from "../machine/checkpoint/config";
import { shown } from "../machine/support/json";
import type { AttentionKind } from "./architecture";
import type { RotarySettings } from "./rotarySettings";

/**
 * How many tokens a token sees where a layer has a window, itself included; undefined for all before it, which an explicit
 * null in the config means, too.
 *
 * @param fallback what the family takes where the config does not say
 */
export function slidingWindow(config: CheckpointConfig, fallback?: number): number | undefined {
  if (config.fields.sliding_window === undefined) return fallback;
  return config.has("sliding_window") ? config.count("sliding_window") : undefined;
}

/** A model some of whose layers may have a window. */
export interface WindowedLayers {
  layers: number;
  /** Tokens that a token of a layer with a window sees; undefined where there is none. */
  window: number | undefined;
  /** Of the layers without a window; undefined where these have no positions. */
  rotary: RotarySettings | undefined;
  /** Of the layers with one, where that differs. */
  windowRotary?: RotarySettings;
  /** The family's rule for a config that does not list its layers. */
  hasWindow(layer: number): boolean;
}

/**
 * The kind of attention of each layer: by the config's `layer_types` (transformers 5), else by the family's rule.
 *
 * @throws UserError if the list is not as long as the model, holds an unknown type, or there is no window for its layers
 */
export function windowedAttention(
  config: CheckpointConfig,
  { layers, window, rotary, windowRotary = rotary, hasWindow }: WindowedLayers,
): (layer: number) => AttentionKind {
  const listed = config.has("layer_types") ? listedWindows(config, layers) : undefined;
  if (window === undefined) {
    if (listed?.includes(true)) config.unsupported("layer_types", '"sliding_attention" without a window');
    // A family that goes without a window says no to all of its layers, one that cannot says yes to the first.
    if (!listed && hasWindow(0)) config.unsupported("sliding_window");
  }
  const whole: AttentionKind = { rotary };
  const windowed: AttentionKind = { rotary: windowRotary, slidingWindow: window };
  return (layer) => ((listed ? listed[layer] : hasWindow(layer)) ? windowed : whole);
}

/** Whether a layer of a type has a window; "attention" is an older name. */
const LAYER_TYPES = new Map<unknown, boolean>([
  ["full_attention", false],
  ["attention", false],
  ["sliding_attention", true],
]);

function listedWindows(config: CheckpointConfig, layers: number): boolean[] {
  const types = config.fields.layer_types;
  if (!Array.isArray(types)) return config.unsupported("layer_types");
  if (types.length !== layers) config.unsupported("layer_types", `a list of ${types.length} for ${layers} layers`);
  return types.map((type) => LAYER_TYPES.get(type) ?? config.unsupported("layer_types", shown(type)));
}
