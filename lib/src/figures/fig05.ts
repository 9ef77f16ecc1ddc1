import { peaks } from "../results/means";
import { isMean, isPublished, type MeanRow, select } from "../results/row";
import { parametersInWords } from "../results/wording";
import { defineFigure } from "./paperFigure";
import { type ProfileRow, shuffledProfiles } from "./profileGrid";
import { HIGHLIGHT } from "./style";

const overlapsOf = (rows: readonly ProfileRow[]) => select(rows, { quantity: "neighborhoodOverlap" });

/**
 * Figure 5, of rows of neighborhoodOverlap for one k: a single prompt, and means. With the means of intrinsicDimension, too, the
 * layers around its peak in the permuted prompts are grayed out as far as these have the lower overlap.
 */
export const figure5 = defineFigure<ProfileRow>({
  number: "5",
  title: "Neighborhood overlap by layer",
  notebook: "fig05-neighborhood-overlap",
  caption: (rows) =>
    `Overlap of the ${parametersInWords(overlapsOf(rows))} nearest neighbors of a token between layers l and l + 1. Left: one prompt at every ` +
    "shuffle index S. Right: mean and standard deviation over prompts, as written (S = 0) and with all tokens permuted; gray: the " +
    "layers around the peak of the intrinsic dimension where the permuted prompts have the lower mean.",
  draw: (rows) => {
    const dimensions = select(rows, { quantity: "intrinsicDimension" }).filter(isMean);
    return shuffledProfiles(overlapsOf(rows), (means) => {
      const [{ model }] = means;
      const ofModel = dimensions.filter((row) => row.model === model && isPublished(row) === isPublished(means[0]));
      const band = runBelow(means, peaks(ofModel).at(-1)?.layer);
      return band ? [grayBand(band)] : [];
    });
  },
});

/** The run of layers around `layer` in which the last of two mean curves lies below the first; undefined if it does not lie below there. */
export function runBelow(
  means: readonly MeanRow[],
  layer: number | null | undefined,
): { first: number; last: number } | undefined {
  const shuffles = means.map(({ shuffle }) => shuffle);
  const [upper, lower] = [Math.min(...shuffles), Math.max(...shuffles)].map((shuffle) => select(means, { shuffle }));
  const isBelow = (index: number) => lower[index].mean < upper[index].mean;
  const center = upper.findIndex((row) => row.layer === layer);
  if (center < 0 || !isBelow(center)) return undefined;
  let [first, last] = [center, center];
  while (first > 0 && isBelow(first - 1)) first--;
  while (last < upper.length - 1 && isBelow(last + 1)) last++;
  return { first: upper[first].layer ?? 0, last: upper[last].layer ?? 0 };
}

function grayBand({ first, last }: { first: number; last: number }): Record<string, unknown> {
  const look = { fillcolor: HIGHLIGHT, opacity: 0.6, line: { width: 0 }, layer: "below" };
  return { type: "rect", x0: first - 0.5, x1: last + 0.5, ...look };
}
