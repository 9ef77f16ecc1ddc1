import { describeBackend } from "../backend/backend";
import { UserError } from "../support/errors";
import type { ExperimentResult } from "./experiment";
import type { ExperimentSettings } from "./plan";
import { experimentRecord } from "./provenance";
import { published } from "./published";

/** Where a notebook's numbers come from: this machine, the authors' published results, or both. */
export interface SourceChoice {
  run: boolean;
  published: boolean;
}

const CHOICES: Record<string, SourceChoice> = {
  run: { run: true, published: false },
  published: { run: false, published: true },
  both: { run: true, published: true },
};

/** Reads a notebook's SOURCE: "run", "published" or "both". @throws UserError on any other text */
export function readSource(source: string): SourceChoice {
  if (Object.hasOwn(CHOICES, source)) return CHOICES[source];
  throw new UserError(`unknown SOURCE "${source}"; write ${Object.keys(CHOICES).join(", ")}`);
}

/** The first and the last value, once if they are the same: the shuffle indices that means are over. */
export function firstAndLast(values: readonly number[]): number[] {
  return [...new Set([values[0], values[values.length - 1]])].filter((value) => value !== undefined);
}

/** Says in Markdown what was run and where the results lie, or that nothing was. */
export function describeExperiments(...experiments: (ExperimentResult | undefined)[]): string {
  const done = experiments.filter((experiment) => experiment !== undefined);
  if (done.length === 0) return "Nothing is run: all numbers are the authors', from `data/published`.";
  const count = (name: "computed" | "reused" | "recorded") =>
    done.reduce((sum, experiment) => sum + (experiment[name] ?? 0), 0);
  const files = done.map(({ manifestPath }) => `\`${manifestPath}\``).join(", ");
  const backend = done.find((experiment) => experiment.backend)?.backend;
  const parts = [
    ...(backend ? [`${describeBackend(backend)}; ${count("computed")} results computed`] : []),
    ...(backend ? [`${count("reused")} from the store`] : []),
    ...(count("recorded") > 0 ? [`${count("recorded")} recorded: \`${recordedFiles(done).join("`, `")}\``] : []),
  ];
  return `${parts.join(", ")}; what they depend on: ${files}`;
}

/** Files in which results of experiments are recorded, each once. */
function recordedFiles(experiments: readonly Pick<ExperimentResult, "manifest">[]): string[] {
  const models = experiments.flatMap(({ manifest }) => (manifest?.models ?? []) as { recorded?: { file: string } }[]);
  return [...new Set(models.flatMap(({ recorded }) => recorded?.file ?? []))];
}

/**
 * Writes into a figure where its numbers come from: of the experiments what {@link experimentRecord} says and, if they are
 * used, what data/published says of itself. Exported files carry it, and `token-geometry trace` reads it. What was done
 * otherwise than in the paper is told in the caption, too.
 *
 * @returns a new figure, else the same
 */
export function withProvenance<Figure extends { provenance?: Record<string, unknown>; caption?: string }>(
  figure: Figure,
  choice: SourceChoice,
  ...experiments: (ExperimentResult | undefined)[]
): Figure {
  const done = experiments.filter((experiment) => experiment !== undefined);
  const runs = done.map(({ manifest, results, origins }) => experimentRecord(manifest, results, origins));
  const provenance = {
    ...(runs.length > 0 ? { experiments: runs } : {}),
    ...(choice.published ? { published: published().provenance } : {}),
  };
  const files = recordedFiles(done);
  const notes = new Set(done.flatMap(({ settings }) => notesOn(settings ?? {})));
  if (files.length > 0) notes.add(`Recorded: ${files.join(", ")}.`);
  const caption = [figure.caption ?? "", ...notes].join(" ").trim();
  return { ...figure, ...(notes.size > 0 ? { caption } : {}), provenance };
}

/** What readers of a figure have to know of an experiment's settings. */
function notesOn({ captured, bos, leaveOut = 0 }: Partial<ExperimentSettings>): string[] {
  return [
    ...(captured === "bfloat16" ? ["Hidden states rounded to bfloat16."] : []),
    ...(bos ? ["A beginning-of-text token in front, itself not measured."] : []),
    ...(leaveOut > 0 ? [`Without the first ${leaveOut === 1 ? "token" : `${leaveOut} tokens`}.`] : []),
  ];
}
