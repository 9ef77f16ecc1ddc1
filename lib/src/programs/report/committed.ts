import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, sep } from "node:path";
import { type OutputRecord, type PictureRecord, RECORD_TYPE } from "../../machine/notebook/record";
import type { Figure } from "../../machine/render/figure";
import { provenanceHtml } from "../../machine/render/html";
import { renderSmallPng } from "../../machine/render/renderSmallPng";
import { defaultStore, libraryVersion, PROJECT_ROOT } from "../../machine/support/project";
import { escapeHtmlText } from "../../machine/support/xml";
import type { Cell, Notebook } from "../runner/notebook";
import type { MimeBundle, Output } from "../runner/outputs";
import { figureOf, recordOf } from "./records";

/** Where a cell keeps which code its outputs belong to, and a notebook which version of the library. */
const KEY = "token_geometry";

/**
 * An executed notebook as it is kept in the repository: static pictures of 256 colors and tables in place of interactive
 * charts, no paths of this machine, and with each cell a hash of the code that its outputs come from.
 *
 * @param outFolder where it was told to put its figures
 */
export async function committedNotebook(executed: Notebook, outFolder = join(PROJECT_ROOT, "out")): Promise<Notebook> {
  const hashes = codeHashes(executed);
  const cells: Cell[] = [];
  for (const [index, cell] of executed.cells.entries()) {
    if (cell.cell_type !== "code") {
      cells.push(cell);
      continue;
    }
    const outputs: Output[] = [];
    for (const output of cell.outputs ?? []) outputs.push(...(await committedOutputs(output, pathNames(outFolder))));
    cells.push({ ...cell, metadata: { ...cell.metadata, [KEY]: { code: hashes[index] } }, outputs });
  }
  return { ...executed, cells, metadata: { ...executed.metadata, [KEY]: { version: libraryVersion() } } };
}

/**
 * What is wrong with the outputs that a notebook of the repository carries, one line each; nothing if they belong to its
 * code and to this version of the library.
 */
export function outputProblems(notebook: Notebook): string[] {
  const hashes = codeHashes(notebook);
  const problems: string[] = [];
  const { version } = (notebook.metadata[KEY] ?? {}) as { version?: string };
  if (version !== libraryVersion()) {
    problems.push(`outputs of version ${version ?? "unknown"} of the library, which is ${libraryVersion()} now`);
  }
  for (const [index, cell] of notebook.cells.entries()) {
    if (cell.cell_type !== "code") continue;
    const { code } = (cell.metadata[KEY] ?? {}) as { code?: string };
    if (code === undefined) problems.push(`cell ${index + 1} has not been executed`);
    else if (code !== hashes[index]) problems.push(`cell ${index + 1} has the outputs of other code`);
  }
  return problems;
}

/** Whether a notebook carries any results. */
export function hasOutputs(notebook: Notebook): boolean {
  return notebook.cells.some((cell) => (cell.outputs?.length ?? 0) > 0);
}

/** For each cell the hash of all code up to its end: what its outputs depend on, in a notebook run from top to bottom. */
function codeHashes({ cells }: Notebook): string[] {
  const sources: string[] = [];
  return cells.map((cell) => {
    if (cell.cell_type === "code") sources.push(cell.source);
    return createHash("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 16);
  });
}

async function committedOutputs(output: Output, names: PathName[]): Promise<Output[]> {
  if (output.output_type === "stream") return [{ ...output, text: withoutPaths(output.text, names) }];
  if (output.output_type === "error") return [output];
  const record = recordOf(output);
  if (record?.kind === "plotly") return [];
  const figure = figureOf(output);
  if (figure) return pictureAndCaption(figure);
  if (record?.kind === "picture") return keptPicture(output.data, record);
  return [{ ...output, data: smallBundle(output.data, record, names) }];
}

/** Two outputs, since viewers show one form of each: the picture, then its caption. */
async function pictureAndCaption(figure: Figure): Promise<Output[]> {
  const { name, caption, layout } = figure;
  const picture = (await renderSmallPng(figure)).toString("base64");
  const text = `<p><small>${escapeHtmlText(caption)}</small></p>${provenanceHtml(figure)}`;
  return [
    pictureOutput(picture, `[figure ${name}]`, layout),
    { output_type: "display_data", data: { "text/html": text, "text/plain": caption }, metadata: {} },
  ];
}

/** A picture that is no chart, with its text under it: pages that strip colors show neither from its HTML. */
function keptPicture(data: MimeBundle, record: PictureRecord): Output[] {
  const text = String(data["text/plain"]);
  const html = `<p><small>${escapeHtmlText(text).replaceAll("\n", "<br>")}</small></p>`;
  return [
    pictureOutput(String(data["image/png"]), `[picture ${record.name}]`, record),
    { output_type: "display_data", data: { "text/html": html, "text/plain": text }, metadata: {} },
  ];
}

function pictureOutput(png: string, text: string, { width, height }: { width: number; height: number }): Output {
  const data = { "image/png": png, "text/plain": text };
  return { output_type: "display_data", data, metadata: { "image/png": { width, height } } };
}

function smallBundle(data: MimeBundle, record: OutputRecord | undefined, names: PathName[]): MimeBundle {
  const entries = Object.entries(data).filter(([type]) => type !== RECORD_TYPE);
  return Object.fromEntries(
    entries.map(([type, value]) => {
      if (typeof value !== "string" || !type.startsWith("text/")) return [type, value];
      const text = withoutPaths(value, names);
      return [type, type === "text/html" && record?.kind === "table" ? withoutCellStyles(text) : text];
    }),
  );
}

/** Numbers stand right in notebooks by themselves. */
function withoutCellStyles(html: string): string {
  return html.replaceAll(/<(t[hd]) style="text-align: (left|right);[^"]*">/g, (_, tag: string, side: string) =>
    side === "left" ? `<${tag} style="text-align: left">` : `<${tag}>`,
  );
}

/** A folder of this machine, and what stands for it. */
type PathName = [folder: string, name: string];

/** In the order in which they are looked for: what lies in another one first. */
function pathNames(outFolder: string): PathName[] {
  const names: PathName[] = [
    [outFolder, "out"],
    [defaultStore(), "store"],
    [PROJECT_ROOT, ""],
    [homedir(), "~"],
  ];
  return names.filter(([folder]) => folder.length > 1);
}

function withoutPaths(text: string, names: readonly PathName[]): string {
  return names.reduce((short, [folder, name]) => {
    return short.replaceAll(`${folder}${sep}`, name === "" ? "" : `${name}${sep}`);
  }, text);
}
