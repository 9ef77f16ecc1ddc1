import { messageOf, UserError } from "../../machine/support/errors";
import { readSmallFile, writeFileAtomically } from "../../machine/support/files";
import { parseJson, shown, utf8 } from "../../machine/support/json";
import type { MimeBundle, Output } from "./outputs";

/** A cell of a notebook. Text is one string here; in the file it is a list of lines. */
export interface Cell {
  cell_type: "code" | "markdown" | "raw";
  /** 1 to 64 letters, digits, - and _; unique in the notebook. */
  id: string;
  metadata: { tags?: string[]; [key: string]: unknown };
  source: string;
  /** Of code cells only. */
  execution_count?: number | null;
  /** Of code cells only. */
  outputs?: Output[];
  /** Of markdown and raw cells: images by name. */
  attachments?: Record<string, MimeBundle>;
}

/** A notebook in the format of Jupyter, nbformat 4.5. */
export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/** In bytes. One with pictures and charts has a few million. */
const LARGEST_FILE = 2 ** 28;

/** What tslab answers to `kernel_info_request`, and its kernel spec: with these Jupyter changes nothing when it saves. */
const TSLAB_METADATA = {
  kernelspec: { display_name: "TypeScript", language: "typescript", name: "tslab" },
  language_info: {
    codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
    file_extension: ".ts",
    mimetype: "text/typescript",
    name: "typescript",
    version: "3.7.2",
  },
};

/** Told what was put right in a notebook, a line each. */
export type NotebookNote = (line: string) => void;

/**
 * Reads a notebook (.ipynb).
 *
 * @throws UserError naming the file if it is missing, no JSON, or not a notebook of nbformat 4
 */
export function readNotebook(path: string, note?: NotebookNote): Notebook {
  const bytes = readSmallFile(path, LARGEST_FILE);
  let text: string;
  try {
    text = utf8(bytes);
  } catch (error) {
    throw new UserError(`${path}: damaged notebook (${messageOf(error)})`, { cause: error });
  }
  return parseNotebook(text, path, note);
}

/** As {@link readNotebook}, of text that is in memory; `name` stands for the file in messages. */
export function parseNotebook(text: string, name: string, note: NotebookNote = () => {}): Notebook {
  let json: unknown;
  try {
    json = parseJson(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new UserError(`${name}: damaged notebook, not valid JSON (${messageOf(error)})`, { cause: error });
  }
  const refuse = (why: string): never => {
    throw new UserError(`${name}: damaged notebook, ${why}`);
  };
  if (!isObject(json)) return refuse("it holds no JSON object");
  if (json.nbformat !== 4) {
    const format = json.nbformat === undefined ? "unknown" : shown(json.nbformat);
    throw new UserError(`${name}: notebook format ${format} is not supported; save it as nbformat 4`);
  }
  if (!Array.isArray(json.cells)) return refuse("it has no list of cells");
  const ids = cellIds(json.cells, (line) => note(`${name}: ${line}`));
  const cells = json.cells.map((raw: unknown, index: number): Cell => {
    const where = `cell ${index + 1}`;
    if (!isObject(raw)) return refuse(`${where} is no object`);
    const { cell_type, metadata = {}, attachments } = raw;
    if (cell_type !== "code" && cell_type !== "markdown" && cell_type !== "raw") {
      return refuse(`${where} has the type ${shown(cell_type)} instead of code, markdown or raw`);
    }
    const source = joinLines(raw.source);
    if (source === undefined) return refuse(`${where} has no source text`);
    if (!isObject(metadata)) return refuse(`${where} has no object as metadata`);
    if (metadata.tags !== undefined && !isStringList(metadata.tags)) return refuse(`the tags of ${where} are no list`);
    const cell: Cell = { cell_type, id: ids[index], metadata, source };
    if (isObject(attachments)) cell.attachments = attachments as Record<string, MimeBundle>;
    if (cell_type !== "code") return cell;
    const outputs = raw.outputs ?? [];
    if (!Array.isArray(outputs) || !outputs.every(isObject)) return refuse(`${where} has no list of outputs`);
    cell.execution_count = typeof raw.execution_count === "number" ? raw.execution_count : null;
    cell.outputs = outputs.map(joinOutput);
    return cell;
  });
  return { cells, metadata: isObject(json.metadata) ? json.metadata : {}, nbformat: 4, nbformat_minor: 5 };
}

/**
 * The ids of cells. They have some since nbformat 4.5; to older ones, copied ones and those with bad ids new ones are given, as by
 * nbformat, but the same at every reading.
 */
function cellIds(cells: readonly unknown[], note: NotebookNote): string[] {
  const given = cells.map((cell) => (isObject(cell) ? cell.id : undefined));
  const taken = new Set(given);
  const seen = new Set<unknown>();
  return given.map((id, index) => {
    const isFree = !seen.has(id);
    seen.add(id);
    if (isFree && typeof id === "string" && /^[\w-]{1,64}$/.test(id)) return id;
    let own = `cell-${index + 1}`;
    while (taken.has(own)) own += "-";
    taken.add(own);
    const trouble = isFree ? "a bad id" : `the same id as a cell before it (${id})`;
    if (id !== undefined) note(`cell ${index + 1} has ${trouble}; it is ${own} now`);
    return own;
  });
}

/** Writes a notebook, atomically, exactly as Jupyter does: keys sorted, one space of indent, text as lists of lines. */
export function writeNotebook(path: string, notebook: Notebook): void {
  writeFileAtomically(path, formatNotebook(notebook));
}

/** The text of a notebook's file. */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: splitLines(cell.source),
    ...(cell.outputs && { outputs: cell.outputs.map(splitOutput) }),
  }));
  return `${JSON.stringify(sortKeys({ ...notebook, cells, nbformat: 4, nbformat_minor: 5 }), null, 1)}\n`;
}

/** The same notebook without results: what a review of its text should see. */
export function clearOutputs(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell,
  );
  return { ...notebook, cells };
}

/**
 * The same notebook without what differs from one editor or session to the next: metadata of the notebook are those of
 * tslab (a `title` is kept), those of cells are their tags, what Jupyter's menus hide, and what raw cells are for.
 */
export function normalizeNotebook(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell): Cell => {
    const { tags, jupyter, format, raw_mimetype } = cell.metadata;
    const metadata: Cell["metadata"] = {};
    if (cell.cell_type === "raw") Object.assign(metadata, format && { format }, raw_mimetype && { raw_mimetype });
    if (tags && tags.length > 0) metadata.tags = tags;
    if (isObject(jupyter) && Object.keys(jupyter).length > 0) metadata.jupyter = jupyter;
    return { ...cell, metadata };
  });
  const { title } = notebook.metadata;
  const metadata = { ...TSLAB_METADATA, ...(title !== undefined && { title }) };
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 };
}

/** The cells that are executed, in their order: those that hold code, without those that are tagged to be left out. */
export function cellsToRun({ cells }: Notebook): Cell[] {
  return cells.filter(
    (cell) => cell.cell_type === "code" && cell.source.trim() !== "" && !hasTag(cell, "skip-execution"),
  );
}

/** The language of a notebook of another kernel; undefined if it is one for tslab, or does not say. */
export function foreignLanguage({ metadata }: Notebook): string | undefined {
  const [kernel, info] = [metadata.kernelspec, metadata.language_info].map((part) => (isObject(part) ? part : {}));
  const language = kernel.language ?? info.name ?? kernel.name;
  if (typeof language !== "string" || /^(?:typescript|javascript|tslab|jslab|token-geometry|deno)\b/i.test(language))
    return undefined;
  return language;
}

/** Whether a cell carries a tag. */
export function hasTag(cell: Cell, tag: string): boolean {
  return cell.metadata.tags?.includes(tag) ?? false;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function joinLines(text: unknown): string | undefined {
  if (typeof text === "string") return text;
  return isStringList(text) ? text.join("") : undefined;
}

function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The types that files keep as lines, as the nbformat package does. */
const LINE_TYPES = /^(?:text\/.*|application\/javascript|image\/svg\+xml)$/;

/** JSON types hold values; all others hold text. */
function isJsonType(type: string): boolean {
  return type === "application/json" || type.endsWith("+json");
}

function mapBundle(bundle: unknown, change: (text: unknown, type: string) => unknown): MimeBundle {
  const entries = Object.entries(isObject(bundle) ? bundle : {});
  return Object.fromEntries(entries.map(([type, value]) => [type, isJsonType(type) ? value : change(value, type)]));
}

function joinOutput(raw: Record<string, unknown>): Output {
  const output = { ...raw };
  if (output.output_type === "stream") output.text = joinLines(output.text) ?? "";
  if ("data" in output) output.data = mapBundle(output.data, (value) => joinLines(value) ?? value);
  return output as Output;
}

function splitOutput(output: Output): unknown {
  if (output.output_type === "stream") return { ...output, text: splitLines(output.text) };
  if (output.output_type === "error") return output;
  const split = (value: unknown, type: string) =>
    typeof value === "string" && LINE_TYPES.test(type) ? splitLines(value) : value;
  return { ...output, data: mapBundle(output.data, split) };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key])]));
}
