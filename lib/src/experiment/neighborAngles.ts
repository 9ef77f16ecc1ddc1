import { UserError } from "../support/errors";
import type { PromptResult } from "./experiment";
import { average } from "./profiles";

/** The angles of one prompt's tokens at a layer. */
export interface Angles {
  shuffleIndex: number;
  /** Degrees. */
  mean: number;
  std: number;
  /** Number of tokens in equal bins from 0 to 180 degrees. */
  histogram: number[];
}

/** The mean angles of many prompts at a layer. */
export interface MeanAngles {
  shuffleIndex: number;
  /** Over prompts, of their mean angles; degrees. */
  mean: number;
  std: number;
  /** Mean angle of each prompt. */
  values: number[];
}

/** The layer of a model of L layers that lies as deep as `layer` of the paper's models with 32. */
export function layerAsDeepAs(layer: number, layers: number, of = 32): number {
  return Math.max(1, Math.round((layer / of) * layers));
}

/** Angles to the two nearest neighbors at a layer, one entry a result. @throws UserError if there is no such layer */
export function promptAngles(results: readonly PromptResult[], layer: number): Angles[] {
  return results.map((result) => ({ shuffleIndex: result.shuffleIndex, ...anglesAt(result, layer) }));
}

/** Mean angles of the prompts at a layer, one entry a shuffle index. @throws UserError if there is no such layer */
export function meanAngles(results: readonly PromptResult[], layer: number): MeanAngles[] {
  const indices = [...new Set(results.map(({ shuffleIndex }) => shuffleIndex))];
  return indices.map((shuffleIndex) => {
    const chosen = results.filter((result) => result.shuffleIndex === shuffleIndex);
    const values = chosen.map((result) => anglesAt(result, layer).mean).filter(Number.isFinite);
    const mean = average(values);
    return { shuffleIndex, mean, std: Math.sqrt(average(values.map((value) => (value - mean) ** 2))), values };
  });
}

function anglesAt({ model, result }: PromptResult, layer: number): Omit<Angles, "shuffleIndex"> {
  const { layers } = result;
  if (Number.isInteger(layer) && layer >= 1 && layer < layers.length) return layers[layer].neighborAngle;
  throw new UserError(`layer ${layer} of ${model}: layers are 1 to ${layers.length - 1}`);
}
