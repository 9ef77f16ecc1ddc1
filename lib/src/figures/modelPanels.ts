import type { MeanProfile, Profile } from "../experiment/profiles";
import type { Curve } from "./panels";
import type { ProfileSource, Shuffled } from "./shuffledProfiles";
import { modelLooks, shuffleColor } from "./style";

/** The largest shuffle index that sources show; the color scale ends there. */
export function largestShuffleIndex(sources: readonly ProfileSource[]): number {
  return Math.max(0, ...sources.flatMap(({ prompt, mean }) => [...prompt, ...mean].map((part) => part.shuffleIndex)));
}

/** The curves of one prompt, a color for each shuffle index. */
export function promptCurves(prompt: readonly Shuffled<Profile>[], maximum: number, valueLabel: string): Curve[] {
  return prompt.map(({ shuffleIndex, curve }) => ({
    x: curve.layers,
    mean: curve.values,
    n: 1,
    name: `S = ${shuffleIndex}`,
    color: shuffleColor(shuffleIndex, maximum),
    valueLabel,
  }));
}

/** Mean and standard deviation over prompts, a color for each shuffle index. */
export function meanCurves(mean: readonly Shuffled<MeanProfile>[], maximum: number, valueLabel: string): Curve[] {
  return mean.map(({ shuffleIndex, curve }) => ({
    x: curve.layers,
    mean: curve.mean,
    sd: curve.std,
    n: curve.n,
    name: shuffleIndex === 0 ? "structured (S = 0)" : `shuffled (S = ${shuffleIndex})`,
    color: shuffleColor(shuffleIndex, maximum),
    valueLabel,
  }));
}

/** One curve a model: the mean over the prompts as written (S = 0), with its band. */
export function modelMeanCurves(sources: readonly ProfileSource[], valueLabel: string): Curve[] {
  return modelCurves(sources, ({ mean }) => {
    const structured = mean.find(({ shuffleIndex }) => shuffleIndex === 0);
    if (!structured) return undefined;
    const { curve } = structured;
    return { x: curve.layers, mean: curve.mean, sd: curve.std, n: curve.n, valueLabel, bandOpacity: 0.14 };
  });
}

/** One curve a model: the single prompt as written (S = 0). */
export function modelPromptCurves(sources: readonly ProfileSource[], valueLabel: string): Curve[] {
  return modelCurves(sources, ({ prompt }) => {
    const structured = prompt.find(({ shuffleIndex }) => shuffleIndex === 0);
    return structured && { x: structured.curve.layers, mean: structured.curve.values, n: 1, valueLabel };
  });
}

function modelCurves(
  sources: readonly ProfileSource[],
  curveOf: (source: ProfileSource) => Omit<Curve, "name" | "color"> | undefined,
): Curve[] {
  const looks = modelLooks(sources.map(({ label }) => label));
  return sources.flatMap((source, index) => {
    const curve = curveOf(source);
    // The titles say what is published.
    return curve ? [{ ...curve, ...looks[index], name: source.label.replace(" (published)", "") }] : [];
  });
}

/** "this machine" or "published", for the titles of rows whose models the legend names. */
export function originOf(sources: readonly ProfileSource[]): string {
  return sources.every(({ label }) => label.endsWith("(published)")) ? "published" : "this machine";
}

/** "48 prompts", or "16 to 48 prompts" where the models or shuffle indices differ. */
export function promptCount(sources: readonly ProfileSource[]): string {
  const counts = sources.flatMap(({ mean }) => mean.map(({ curve }) => curve.n));
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  return fewest === most ? `${most} prompts` : `${fewest} to ${most} prompts`;
}
