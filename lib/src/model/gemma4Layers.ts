import { CheckpointConfig } from "../machine/checkpoint/config";
import type { AttentionKind } from "./architecture";
import type { DecoderSizes } from "./decoder";
import { refusePartialRotary, ropeType, rotaryOf } from "./rotary";
import type { RotarySettings } from "./rotarySettings";
import { slidingWindow, windowedAttention } from "./slidingWindow";

type HeadSizes = Pick<DecoderSizes, "keyValueHeads" | "headDimension">;

/** A layer of a Gemma 4. */
export interface Gemma4Layer extends HeadSizes {
  /** The layer whose keys and values this one looks at: itself, or an earlier one of its kind. */
  source: number;
  /** Keys are values, too, before either is normed. */
  keysAreValues: boolean;
}

/** What differs from layer to layer. It is found when a layer is asked for, since a config may claim any number of them. */
export interface Gemma4Layers {
  attentionKind(layer: number): AttentionKind;
  layerOf(layer: number): Gemma4Layer;
  /** The layers whose keys and values later ones look at. */
  sources: readonly number[];
}

/** Every so many layers, and the last one, have no window where the config does not list them. */
const PERIOD = 6;

const [WHOLE, WINDOWED] = ["full_attention", "sliding_attention"];

/** What a config without `rope_parameters` means. */
const USUAL_ROTARY = {
  [WHOLE]: { rope_type: "proportional", partial_rotary_factor: 0.25, rope_theta: 1e6 },
  [WINDOWED]: { rope_type: "default", rope_theta: 1e4 },
};

/** @throws UserError naming the setting that is missing, malformed or not supported, as does `layerOf` */
export function gemma4Layers(config: CheckpointConfig, sizes: DecoderSizes): Gemma4Layers {
  const { layers } = sizes;
  const last = layers - 1;
  const sizesOf = headSizes(config, sizes);
  const whole = sizesOf(last, true);
  const attentionKind = windowedAttention(config, {
    layers,
    window: slidingWindow(config, 512),
    rotary: rotaryOfType(config, WHOLE, whole.headDimension),
    windowRotary: rotaryOfType(config, WINDOWED, sizes.headDimension),
    hasWindow: (layer) => (layer + 1) % PERIOD !== 0 && layer !== last,
  });
  const isWhole = (layer: number) => attentionKind(layer).slidingWindow === undefined;
  // Transformers would make it one without.
  if (!isWhole(last)) config.unsupported("layer_types", `${JSON.stringify(WINDOWED)} of the last layer`);

  const keysAreValues = config.flag("attention_k_eq_v", false);
  const sharing = config.fields.num_kv_shared_layers === 0 ? 0 : config.countOr("num_kv_shared_layers", 0);
  const firstSharing = layers - sharing;
  /** The last layer of its own keys and values among those without a window, or those with one; -1 without any. */
  const lastOf = (wantWhole: boolean) => {
    let layer = firstSharing - 1;
    while (layer >= 0 && isWhole(layer) !== wantWhole) layer--;
    return layer;
  };
  const [wholeSource, windowedSource] = [lastOf(true), lastOf(false)];
  if (wholeSource < 0) config.unsupported("num_kv_shared_layers");
  return {
    attentionKind,
    sources: sharing > 0 ? [wholeSource, windowedSource].filter((layer) => layer >= 0) : [],
    layerOf(layer) {
      const ofKind = isWhole(layer) ? whole : sizes;
      const own = sizesOf(layer, isWhole(layer));
      if (own.headDimension !== ofKind.headDimension || own.keyValueHeads !== ofKind.keyValueHeads) {
        config.unsupported("per_layer_config", "other sizes in layers of one type");
      }
      const source = layer < firstSharing ? layer : isWhole(layer) ? wholeSource : windowedSource;
      if (source < 0) config.unsupported("num_kv_shared_layers");
      return { ...own, source, keysAreValues: keysAreValues && isWhole(layer) };
    },
  };
}

/** The sizes of the heads of a layer, as transformers 5.24 writes them, layer by layer, or for all layers without a window. */
function headSizes(config: CheckpointConfig, usual: DecoderSizes): (layer: number, isWhole: boolean) => HeadSizes {
  const [dimension, groups] = ["head_dim", "num_key_value_heads"];
  const checked = ({ keyValueHeads, headDimension }: HeadSizes): HeadSizes => {
    if (usual.heads % keyValueHeads !== 0) config.unsupported("num_global_key_value_heads", String(keyValueHeads));
    if (headDimension % 2 !== 0) config.unsupported("global_head_dim", String(headDimension));
    return { keyValueHeads, headDimension };
  };
  const byLayer = config.section("per_layer_config");
  if (byLayer) {
    return (layer) => {
      const own = byLayer.section(String(layer)) ?? new CheckpointConfig({}, byLayer.path);
      own.refuseAny(...Object.keys(own.fields).filter((name) => name !== dimension && name !== groups));
      return checked({
        keyValueHeads: own.countOr(groups, usual.keyValueHeads),
        headDimension: own.countOr(dimension, usual.headDimension),
      });
    };
  }
  const keyValueHeads = config.flag("attention_k_eq_v", false)
    ? config.countOr("num_global_key_value_heads", usual.keyValueHeads)
    : usual.keyValueHeads;
  const whole = checked({ keyValueHeads, headDimension: config.countOr("global_head_dim", 512) });
  return (_, isWhole) => (isWhole ? whole : usual);
}

function rotaryOfType(config: CheckpointConfig, type: string, headDimension: number): RotarySettings {
  const byType = config.section("rope_parameters") ?? new CheckpointConfig(USUAL_ROTARY, config.path);
  const section = byType.section(type) ?? byType.unsupported(type, "none");
  if (ropeType(section) !== "proportional") refusePartialRotary(section);
  return rotaryOf(config, section, headDimension, section.number("rope_theta"), { isNested: true });
}
