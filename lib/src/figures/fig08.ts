import { peakOf } from "../experiment/comparison";
import type { PromptResult } from "../experiment/experiment";
import { average, intrinsicDimensionProfile, type Profile } from "../experiment/profiles";
import { publishedPromptDimension } from "../experiment/publishedPrompts";
import { UserError } from "../support/errors";
import type { Figure } from "./figure";
import { promptCurves } from "./modelPanels";
import { type Panel, panelGrid } from "./panels";
import type { Shuffled } from "./shuffledProfiles";

/** One prompt at every shuffle index. */
export interface ShuffledPrompt {
  /** Above its panel. */
  title: string;
  curves: Shuffled<Profile>[];
}

/** The prompts among this machine's results of one model, with their intrinsic dimension at a range scaling. */
export function runPrompts(results: readonly PromptResult[] = [], scaling = 2): ShuffledPrompt[] {
  const names = [...new Set(results.map(({ prompt }) => prompt))];
  return names.map((title) => ({
    title,
    curves: results
      .filter(({ prompt }) => prompt === title)
      .map(({ shuffleIndex, result }) => ({ shuffleIndex, curve: intrinsicDimensionProfile(result, scaling) })),
  }));
}

/**
 * Published prompts of a model at S = 0..5.
 *
 * @throws UserError if the model or a row of Pile-10k is not there, or the scaling is another one than 2
 */
export function publishedPromptProfiles(model: string, rows: readonly number[], scaling = 2): ShuffledPrompt[] {
  if (scaling !== 2) {
    throw new UserError(
      `no published prompts at range scaling ${scaling}, only at 2: take that, or this machine alone`,
    );
  }
  return rows.map((row) => ({
    title: `${model} (published): prompt ${row}`,
    curves: [0, 1, 2, 3, 4, 5].map((shuffleIndex) => ({
      shuffleIndex,
      curve: publishedPromptDimension(model, row, shuffleIndex),
    })),
  }));
}

/** Where each prompt's profile is highest, by shuffle index: layer, relative depth and height. */
export function promptPeakTable(groups: readonly ShuffledPrompt[][]): Record<string, string | number>[] {
  return groups.flat().flatMap(({ title, curves }) =>
    curves.map(({ shuffleIndex, curve }) => {
      const { layer, depth, height } = peakOf({ ...curve, mean: curve.values, std: [], n: 1 });
      return { prompt: title, S: shuffleIndex, layer, depth, height };
    }),
  );
}

/** By how much a prompt's peak is higher at the last shuffle index than at the first. */
export interface PromptRise {
  title: string;
  first: number;
  last: number;
  rise: number;
}

/** The rise of each prompt's peak from the first shuffle index to the last. */
export function promptRises(prompts: readonly ShuffledPrompt[]): PromptRise[] {
  return prompts.map(({ title, curves }) => {
    const first = Math.max(...curves[0].curve.values);
    const last = Math.max(...curves[curves.length - 1].curve.values);
    return { title, first, last, rise: last - first };
  });
}

/** Mean peaks and mean rise over prompts, with the standard deviation of the rise. */
export function meanRise(rises: readonly PromptRise[]): Record<string, number> {
  const rise = average(rises.map((entry) => entry.rise));
  return {
    "mean first peak": average(rises.map(({ first }) => first)),
    "mean last peak": average(rises.map(({ last }) => last)),
    "mean rise": rise,
    "sd of the rise": Math.sqrt(average(rises.map((entry) => (entry.rise - rise) ** 2))),
    n: rises.length,
  };
}

/**
 * Figure 8: intrinsic dimension of single prompts at every shuffle index, three panels in a row.
 *
 * @param groups from runPrompts and publishedPromptProfiles; each has a vertical range of its own
 * @param scaling range scaling n2 that they were made for
 */
export function figure8(groups: readonly ShuffledPrompt[][], scaling = 2): Figure {
  const columns = 3;
  const quantity = `intrinsic dimension (n<sub>2</sub> = ${scaling})`;
  const maximum = Math.max(...groups.flat().flatMap(({ curves }) => curves.map(({ shuffleIndex }) => shuffleIndex)));
  const yGroups: number[] = [];
  const rows = groups.flatMap((prompts, group) => {
    const panels = prompts.map(
      ({ title, curves }): Panel => ({ title, curves: promptCurves(curves, maximum, quantity) }),
    );
    return Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) => {
      yGroups.push(group);
      return panels.slice(row * columns, (row + 1) * columns);
    });
  });
  return panelGrid({
    name: "fig08",
    caption:
      `Intrinsic dimension of the tokens of single prompts (GRIDE, n2 = ${scaling}), by layer: every prompt as written ` +
      "(S = 0) and with its tokens shuffled in ever smaller blocks (S = 1 and up).",
    rows,
    yGroups,
    xTitle: "layer",
    yTitle: quantity,
    colorBar: maximum,
    unlisted: () => true,
  });
}
