import type { Figure } from "./figure";
import {
  largestShuffleIndex,
  meanCurves,
  modelMeanCurves,
  modelPromptCurves,
  originOf,
  promptCount,
  promptCurves,
} from "./modelPanels";
import type { ParameterSources } from "./modelSources";
import { type Panel, panelGrid } from "./panels";
import type { ProfileSource } from "./shuffledProfiles";

/** What the figures of several panels have in common. */
interface Common {
  name: string;
  caption: string;
  /** The quantity, on the vertical axes. */
  quantity: string;
}

/** Figure 9's form: a column a model; for each group of sources a row of one prompt and a row of the mean. */
export function shufflingByModelFigure({ quantity, ...common }: Common, groups: readonly ProfileSource[][]): Figure {
  const maximum = largestShuffleIndex(groups.flat());
  const rows = groups.flatMap((sources): Panel[][] => [
    sources.map(({ label, promptName, prompt }) => ({
      title: `(a) ${label}: ${promptName}`,
      curves: promptCurves(prompt, maximum, quantity),
    })),
    sources.map((source) => ({
      title: `(b) ${source.label}: ${promptCount([source])}`,
      curves: meanCurves(source.mean, maximum, quantity),
    })),
  ]);
  const unlisted = ({ sd }: { sd?: unknown }) => !sd;
  return panelGrid({ ...common, rows, xTitle: "layer", yTitle: quantity, colorBar: maximum, unlisted });
}

/** Figures 12's and 13's form: all models in a panel; left one prompt, right the mean; a row for each group of sources. */
export function modelProfilesFigure({ quantity, ...common }: Common, groups: readonly ProfileSource[][]): Figure {
  const rows = groups
    .filter((sources) => sources.length > 0)
    .map((sources): Panel[] => [
      { title: `${originOf(sources)}: ${sources[0].promptName}`, curves: modelPromptCurves(sources, quantity) },
      {
        title: `${originOf(sources)}: mean ± sd, ${promptCount(sources)}`,
        curves: modelMeanCurves(sources, quantity),
      },
    ]);
  return panelGrid({ ...common, rows, xTitle: "layer", yTitle: quantity, panelWidth: 480, panelHeight: 330 });
}

/**
 * Figures 10's and 11's form (the mean of one model, structured against shuffled) and Figures 15's and 16's (the mean of
 * several models): a panel for each parameter.
 *
 * @param groups for this machine and for the published results: the sources at each parameter
 * @param parameterName "n<sub>2</sub>" or "k"
 * @param columns panels in a row
 * @param curves what a panel shows of its sources
 */
export function parameterPanelsFigure(
  { quantity, ...common }: Common,
  groups: readonly ParameterSources[][],
  parameterName: string,
  columns: number,
  curves: "shuffling" | "models",
): Figure {
  const maximum = largestShuffleIndex(groups.flat().flatMap(({ sources }) => sources));
  const yGroups: number[] = [];
  const rows = groups.flatMap((group, groupIndex) => {
    const panels = group.map(({ parameter, sources }): Panel => {
      const who = curves === "models" ? originOf(sources) : sources[0].label;
      return {
        title: `${who}: ${parameterName} = ${parameter}`,
        curves:
          curves === "models"
            ? modelMeanCurves(sources, quantity)
            : sources.flatMap(({ mean }) => meanCurves(mean, maximum, quantity)),
      };
    });
    return Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) => {
      yGroups.push(groupIndex);
      return panels.slice(row * columns, (row + 1) * columns);
    });
  });
  return panelGrid({ ...common, rows, yGroups, xTitle: "layer", yTitle: quantity });
}
