import { type AnyRow, distinct, isPublished, SOURCE } from "./row";

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
  return `${fewest < most ? `${fewest} to ${most}` : most} prompt${fewest === 1 && most === 1 ? "" : "s"}`;
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

/** Where rows come from, as exported files carry it and `token-geometry trace` reads it. */
export function provenanceOf(rows: readonly AnyRow[]): Record<string, unknown> {
  const parts = distinct(rows, (row) => row[SOURCE]).map(({ provenance }) => provenance);
  const experiments = parts.flatMap((part) => ("experiment" in part ? part.experiment : []));
  return Object.assign(experiments.length > 0 ? { experiments } : {}, ...parts.filter((part) => "published" in part));
}
