import { whyNone } from "../statistics/correlation";
import { type AnyRow, distinct, isMean, isPublished, type MeanRow, numberOf, type RowSource, SOURCE } from "./row";

/** Where rows come from, in words: "recorded", "this machine", "published", or several of them. */
export function originInWords(rows: readonly AnyRow[]): string {
  const words = { computed: "this machine", store: "this machine", recorded: "recorded", published: "published" };
  return distinct(rows, ({ origin }) => words[origin]).join(" and ");
}

/** A model's name, with what is not from here: "Llama-3-8B (published)". */
export function modelInWords(row: AnyRow): string {
  return isPublished(row) ? `${row.model} (published)` : row.model;
}

/** "48 prompts", "1 prompt", or "16 to 48 prompts" where rows differ; rows that do not know their number do not count. */
export function promptsInWords(rows: readonly { n: number }[]): string {
  const counts = rows.map(({ n }) => n).filter(Number.isFinite);
  const [fewest, most] = [Math.min(...counts), Math.max(0, ...counts)];
  return `${fewest < most ? `${fewest} to ${most}` : most} ${most === 1 ? "prompt" : "prompts"}`;
}

/** What means are over: "mean ± sd, 48 prompts"; a single prompt has no standard deviation: "1 prompt". */
export function meansInWords(means: readonly MeanRow[]): string {
  return `${means.some(({ sd }) => Number.isFinite(sd)) ? "mean ± sd, " : ""}${promptsInWords(means)}`;
}

/**
 * What rows do not say because there is no such number: what readers of a figure take for zero, or for a line that
 * was forgotten.
 */
export function missingInWords(rows: readonly AnyRow[]): string[] {
  const none = rows.filter((row) => !Number.isFinite(numberOf(row)));
  const reasons = distinct(none, (row) => ("coefficient" in row ? whyNone(row) : "not defined there"));
  return [
    ...(none.length > 0 ? [`Not drawn: ${none.length} of ${rows.length} numbers (${reasons.join("; ")}).`] : []),
    ...(rows.some((row) => isMean(row) && row.n === 1) ? ["A single prompt has no standard deviation."] : []),
  ];
}

/** The parameters of rows, ascending: "2", or "2, 4, 8". */
export function parametersInWords(rows: readonly AnyRow[]): string {
  const parameters = distinct(rows, ({ parameter }) => parameter).filter((parameter) => parameter !== null);
  return parameters.sort((a, b) => a - b).join(", ");
}

/** What is to be told of rows besides their numbers: of rounding, of what stands in front of prompts, of recorded files. */
export function notesOn(rows: readonly AnyRow[]): string[] {
  return [...new Set(distinct(rows, (row) => row[SOURCE]).flatMap(({ notes }) => notes))];
}

/**
 * Where rows come from, as exported files carry it and `token-geometry trace` reads it: the `provenance` of a figure of one's own.
 *
 * @example
 * const rows = published("intrinsicDimension", 2, { models: ["Llama-3-8B"] });
 * Object.keys(provenanceOf(rows)).length > 0; // true
 */
export function provenanceOf(rows: readonly AnyRow[]): Record<string, unknown> {
  return provenanceOfSources(distinct(rows, (row) => row[SOURCE]));
}

/** As {@link provenanceOf}, of what rows come from. */
export function provenanceOfSources(sources: readonly RowSource[]): Record<string, unknown> {
  const parts = sources.map(({ provenance }) => provenance);
  const experiments = parts.flatMap((part) => ("experiment" in part ? part.experiment : []));
  return Object.assign(experiments.length > 0 ? { experiments } : {}, ...parts.filter((part) => "published" in part));
}
