import { rmSync } from "node:fs";
import { extname, join, parse } from "node:path";
import { InvalidArgumentError } from "commander";
import { writeSafetensors } from "../../machine/checkpoint/writeSafetensors";
import type { Cloud } from "../../machine/support/cloud";
import { UserError } from "../../machine/support/errors";
import { LARGEST_FLOAT16, toFloat16 } from "../../machine/support/float16";
import { writeNpy } from "../../machine/support/npy";
import { outputTarget } from "../../machine/support/outputTarget";

export const STATE_FORMATS = ["npy", "safetensors"] as const;
export type StateFormat = (typeof STATE_FORMATS)[number];

export const STATE_TYPES = ["float32", "float16"] as const;
export type StateType = (typeof STATE_TYPES)[number];

/** A hidden state and its layer's number. */
export interface HiddenState extends Cloud<Float32Array> {
  layer: number;
}

/** An option's value as layers with commas between them; -1 is the last one. */
export function layerList(value: string): number[] {
  const parts = value.split(",").map((part) => part.trim());
  if (!parts.every((part) => /^(\d+|-[1-9]\d*)$/.test(part))) {
    throw new InvalidArgumentError("must be numbers of layers with commas between them, -1 for the last: 0,5,-1.");
  }
  return parts.map(Number);
}

/** The numbers of the layers that are asked for, counted from the first one. @throws UserError if there is no such layer, or one twice */
export function chosenLayers(wanted: readonly number[] | undefined, last: number): number[] {
  const all = Array.from({ length: last + 1 }, (_, layer) => layer);
  if (!wanted) return all;
  const layers = wanted.map((asked) => {
    const layer = all.at(asked);
    if (layer !== undefined) return layer;
    throw new UserError(`the model has no layer ${asked}; it has 0 to ${last}, or -${all.length} to -1 from the end`);
  });
  const twice = layers.find((layer, place) => layers.indexOf(layer) < place);
  if (twice !== undefined) throw new UserError(`layer ${twice} is named twice`);
  return layers;
}

/** The format that is named, or else that of a file's ending: .npy if it says nothing. */
export function stateFormat(out: string, named?: StateFormat): StateFormat {
  return named ?? (extname(out).toLowerCase() === ".safetensors" ? "safetensors" : "npy");
}

/** The states that go into one array; and the last one apart, where it is of another width than they are, as in OPT-350M. */
export function stacked(
  states: readonly HiddenState[],
  last: number,
): { together: HiddenState[]; apart?: HiddenState } {
  const apart = states.find(
    ({ layer, dimension }) => layer === last && states.some((one) => one.dimension !== dimension),
  );
  return { together: states.filter((state) => state !== apart), apart };
}

/** [layers, tokens, width] */
export function shapeOf(together: readonly HiddenState[]): number[] {
  const [{ points, dimension }] = together;
  return [together.length, points, dimension];
}

/**
 * Writes hidden states as a .npy file, or as tensors `hidden_states.L` of a safetensors file. The last one, where it is apart,
 * is a .npy file of its own.
 *
 * @param metadata of a safetensors file
 * @returns where the last one is, if it is apart
 * @throws UserError if a number is too large for the type, or a file cannot be written; then none is left of either
 */
export function writeStates(
  out: string,
  states: { together: readonly HiddenState[]; apart?: HiddenState },
  { format, type, metadata }: { format: StateFormat; type: StateType; metadata: () => Record<string, string> },
): string | undefined {
  const { together, apart } = states;
  const valuesOf = (state: HiddenState) => (type === "float16" ? inHalfPrecision(state) : state.values);
  if (format === "safetensors") {
    const tensors = [...together, ...(apart ? [apart] : [])].map((state) => {
      const shape = [state.points, state.dimension];
      return { name: `hidden_states.${state.layer}`, shape, values: valuesOf(state) };
    });
    writeSafetensors(out, tensors, metadata());
    return apart && out;
  }
  const values = together.map(valuesOf) as Float32Array[];
  const last = apart && lastFile(out);
  if (last) writeNpy(last, [apart.points, apart.dimension], [valuesOf(apart)] as Float32Array[]);
  try {
    writeNpy(out, shapeOf(together), values);
  } catch (error) {
    if (last) rmSync(last, { force: true });
    throw error;
  }
  return last;
}

/** Rounded to nearest, ties to even. @throws UserError naming the first value that would become infinite */
function inHalfPrecision({ layer, values }: HiddenState): Uint16Array {
  const halves = toFloat16(values);
  const place = halves.findIndex((bits) => (bits & 0x7fff) === INFINITE);
  if (place < 0) return halves;
  throw new UserError(
    `layer ${layer} holds ${values[place]}, and float16 ends at ±${LARGEST_FLOAT16}: write --dtype float32, or other layers`,
  );
}

/** The bits of infinity, without the sign. */
const INFINITE = 0x7c00;

/** hidden.npy -> hidden-last.npy */
function lastFile(out: string): string {
  if ("stream" in outputTarget(out)) {
    throw new UserError(`${out}: the last hidden state is of another width and needs a file of its own; name a file`);
  }
  const { dir, name, ext } = parse(out);
  return join(dir, `${name}-last${ext}`);
}
