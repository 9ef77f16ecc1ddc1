import type { GgufTensor } from "../../gguf/header";
import type { StoredTensor } from "../storedTensor";
import type { GgufSettings } from "./settings";

/** The fields of a config.json as Hugging Face writes them. */
export type ConfigFields = Record<string, unknown>;

/** In which order the values of a tensor lie in the file, where it is not Hugging Face's. */
export type Placement = Partial<Pick<StoredTensor, "shape" | "strides" | "stridedShape" | "addend">>;

/** A tensor under the name that Hugging Face has for it. "N" in either name stands for the number of a block. */
export interface TensorRule {
  /** Or what it is by the config. */
  name: string | ((config: ConfigFields) => string);
  /** @throws UserError if the tensor is of a shape that it cannot have */
  place?(tensor: GgufTensor, config: ConfigFields): Placement;
}

/** An architecture as llama.cpp names it: one file beside this one, one entry in architectures.ts. */
export interface GgufArchitecture {
  /** `general.architecture` in the file. */
  name: string;
  /** What config.json would say. @throws UserError naming the setting that is missing, malformed or not supported */
  config(settings: GgufSettings): ConfigFields;
  /** By the name in the file. A tensor that is not named here is refused: it would change the numbers. */
  tensors: Readonly<Record<string, TensorRule>>;
  /** Tensors that hold settings, which `config` has read. */
  settingTensors?: readonly string[];
}

/** Rules for the weight and, where a model has one, the bias of layers. */
export function weightsAndBiases(
  names: Readonly<Record<string, string>>,
  place?: TensorRule["place"],
): Record<string, TensorRule> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([from, to]) =>
      ["weight", "bias"].map((part) => [`${from}.${part}`, { name: `${to}.${part}`, place }]),
    ),
  );
}

/** Rules for weights alone. */
export function weightsOnly(
  names: Readonly<Record<string, string>>,
  place?: TensorRule["place"],
): Record<string, TensorRule> {
  return Object.fromEntries(
    Object.entries(names).map(([from, to]) => [`${from}.weight`, { name: `${to}.weight`, place }]),
  );
}

/**
 * Has the rows of a matrix, or the values of a bias, in another order: the file has them as [outer, first, second, inner],
 * Hugging Face as [outer, second, first, inner].
 */
export function swappedRows(
  { shape: [rows, columns = 1] }: GgufTensor,
  { outer, first, second }: { outer: number; first: number; second: number },
): Placement {
  const inner = rows / (outer * first * second);
  const step = inner * columns;
  return {
    stridedShape: [outer, second, first, step],
    strides: [first * second * step, step, second * step, 1],
  };
}
