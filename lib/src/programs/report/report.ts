import { FIGURES } from "../../figures/figures";
import type { TableRecord } from "../../machine/notebook/record";
import type { Figure } from "../../machine/render/figure";
import { markdownCode } from "../../machine/support/markdown";
import { hasTag, type Notebook } from "../runner/notebook";
import type { Output } from "../runner/outputs";
import { notebookParameters } from "../runner/parameters";
import { figureOf, provenanceByFigure, recordOf } from "./records";
import { type RunRecord, runRecordOf } from "./run";

/** Something that a notebook shows, in its order. */
export type ReportPart =
  | { kind: "figure"; figure: Figure }
  | { kind: "picture"; picture: ReportPicture }
  | { kind: "table"; table: TableRecord }
  | { kind: "text"; heading: string; markdown: string };

/** A picture that is no chart: a colored text, or what another library made. */
export interface ReportPicture {
  caption: string;
  type: "image/png" | "image/jpeg";
  bytes: Buffer;
  /** In CSS pixels; unknown of pictures of others. */
  width?: number;
  height?: number;
}

/** A parameter of a notebook and the value it had. */
export interface ReportParameter {
  name: string;
  value: string;
  /** Whether the value is the notebook's own. */
  isDefault: boolean;
}

/** What one notebook contributes to the report. */
export interface ReportSection {
  /** Name of the notebook without ".ipynb". */
  notebook: string;
  title: string;
  /** What the paper claims: the text under the title, in Markdown. */
  introduction: string;
  parts: ReportPart[];
  parameters: ReportParameter[];
  run: RunRecord;
}

/** All executed notebooks, in the paper's order. */
export interface Report {
  title: string;
  /** When the last of the notebooks was executed. */
  date: string;
  sections: ReportSection[];
}

/** Where the numbers of all figures come from, by figure: what the report carries for `token-geometry trace`. */
export function reportProvenance({ sections }: Report): { figures: Record<string, Record<string, unknown>> } {
  const figures = sections.flatMap(({ notebook, parts }) =>
    parts.flatMap((part) => (part.kind === "figure" ? { ...part.figure, notebook } : [])),
  );
  return { figures: provenanceByFigure(figures) };
}

export const REPORT_TITLE = "The Geometry of Tokens in Internal Representations of Large Language Models";

/** A text of a notebook that belongs to the results has this tag; the others guide through the notebook. */
export const VERDICT_TAG = "verdict";

/** What computes a quantity step by step has this tag: it is for who reads the notebook. */
const INLINE_TAG = "inline";

/** The cells of a notebook that show results; all of them where only its steps show a figure. */
export function resultCells({ cells }: Notebook): Notebook["cells"] {
  const results = cells.filter((cell) => !hasTag(cell, INLINE_TAG));
  return results.some(({ outputs }) => outputs?.some(figureOf)) ? results : cells;
}

/**
 * The report on executed notebooks. Left out are those that show no figure and those without a record of their run (they
 * were not executed to their end).
 *
 * @returns undefined if nothing is left
 */
export function makeReport(executed: readonly { name: string; notebook: Notebook }[]): Report | undefined {
  const order = new Intl.Collator("en", { numeric: true });
  const paper: string[] = Object.values(FIGURES).map(({ notebook }) => notebook);
  const place = (name: string) => (paper.includes(name) ? paper.indexOf(name) : paper.length);
  const sections = [...executed]
    .sort((a, b) => place(a.name) - place(b.name) || order.compare(a.name, b.name))
    .flatMap(({ name, notebook }) => sectionOf(name, notebook) ?? [])
    .filter(({ parts }) => parts.some(({ kind }) => kind === "figure" || kind === "picture"));
  if (sections.length === 0) return undefined;
  const dates = sections.map(({ run }) => run.date).sort();
  return { title: REPORT_TITLE, date: dates[dates.length - 1], sections };
}

function sectionOf(name: string, notebook: Notebook): ReportSection | undefined {
  const run = runRecordOf(notebook);
  if (!run) return undefined;
  const [first] = notebook.cells;
  const parameters = parametersOf(notebook, run);
  const [, title = name, introduction = ""] =
    (first?.cell_type === "markdown" && /^#\s+(.*)\n*([\s\S]*)$/.exec(first.source)) || [];
  return {
    notebook: name,
    title,
    introduction,
    parts: resultCells(notebook).flatMap((cell) => partsOf(cell, parameters)),
    parameters,
    run,
  };
}

function partsOf(cell: Notebook["cells"][number], parameters: readonly ReportParameter[]): ReportPart[] {
  if (cell.cell_type === "markdown") {
    if (!hasTag(cell, VERDICT_TAG)) return [];
    const [, heading, markdown] = /^(?:##\s+(.*)\n)?([\s\S]*)$/.exec(cell.source) ?? [];
    return [
      { kind: "text", heading: heading ?? "", markdown: [...reservation(parameters), markdown.trim()].join("\n\n") },
    ];
  }
  return (cell.outputs ?? []).flatMap((output): ReportPart[] => {
    const figure = figureOf(output);
    if (figure) return [{ kind: "figure", figure }];
    const record = recordOf(output);
    if (record?.kind === "table") return [{ kind: "table", table: record }];
    const picture = pictureOf(output);
    return picture ? [{ kind: "picture", picture }] : [];
  });
}

/** A verdict was written about the numbers of the notebook's own parameters: one on others is a verdict on nothing. */
function reservation(parameters: readonly ReportParameter[]): string[] {
  const set = parameters
    .filter(({ isDefault }) => !isDefault)
    .map(({ name, value }) => markdownCode(`${name} = ${value}`));
  return set.length > 0
    ? [`**Written about the notebook's own parameters, not about this run**, which has ${set.join(", ")}.`]
    : [];
}

/** The picture that an output shows; undefined if it shows none. */
function pictureOf(output: Output): ReportPicture | undefined {
  if (!("data" in output)) return undefined;
  const type = (["image/png", "image/jpeg"] as const).find((one) => typeof output.data[one] === "string");
  if (type === undefined) return undefined;
  const bytes = Buffer.from(String(output.data[type]), "base64");
  const record = recordOf(output);
  if (record?.kind !== "picture") return { caption: "", type, bytes };
  const { caption, width, height } = record;
  const more = "The notebook has sliders for the other layers and orders.";
  return { caption: `${caption} ${more}`, type, bytes, width, height };
}

function parametersOf(notebook: Notebook, run: RunRecord): ReportParameter[] {
  const cells = notebook.cells.filter((cell) => !hasTag(cell, "injected-parameters"));
  return notebookParameters({ ...notebook, cells }).map(({ name, defaultText }) => {
    const set = run.parameters[name];
    const value = (set ?? defaultText).replaceAll(/\s+/g, " ");
    return { name, value, isDefault: set === undefined };
  });
}
