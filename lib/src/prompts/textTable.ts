import { basename, extname } from "node:path";
import { parse } from "papaparse";
import { distinctNames } from "../machine/support/distinctNames";
import { messageOf, UserError } from "../machine/support/errors";
import type { Prompt } from "./prompt";
import { pythonStrip } from "./strip";

/** Kinds of files that hold many texts, by the end of their name. */
export const TABLE_ENDINGS: readonly string[] = [".jsonl", ".json", ".csv", ".tsv"];

/** A row of a table, as it stands in the file, and where: "line 3". */
interface TableRow {
  number: number;
  place: string;
  fields: Record<string, unknown>;
}

/**
 * The prompts of a table: .jsonl (a JSON object or string a line), .json (a list of these), .csv or .tsv (with a line of
 * names at the top). A column called `name` names them, with the row where two have the same; without it the file and the row do.
 *
 * @param path for messages, and for its ending
 * @param content of the file
 * @param column that holds the texts; `text` without it, or the only one that there is
 * @throws UserError if the file is damaged, has no such column, or a row has no text
 * @example
 * ```ts
 * parseTable("tides.csv", 'name,text\nebb,"The tide, going"'); // [{ name: "ebb", text: "The tide, going" }]
 * ```
 */
export function parseTable(path: string, content: string, column?: string): Prompt[] {
  const rows = rowsOf(path, content.replace(/^\uFEFF/, ""));
  const names = Object.keys(rows[0]?.fields ?? {});
  const hasHeader = isDelimited(path);
  const chosen = column ?? (hasHeader && names.length === 1 ? names[0] : "text");
  if (hasHeader && rows.length > 0 && !names.includes(chosen)) {
    const why = column === undefined ? "which column holds the texts?" : `has no column ${column};`;
    throw new UserError(`${path}: ${why} write ${basename(path)}:COLUMN; there are ${names.join(", ") || "none"}`);
  }
  const fileName = basename(path, extname(path));
  const prompts = rows.map(({ number, place, fields }) => {
    const text = fields[chosen];
    if (typeof text !== "string") throw new UserError(`${path}: ${place} has no ${chosen}`);
    const own = typeof fields.name === "string" && chosen !== "name" ? pythonStrip(fields.name) : "";
    const name = own === "" ? fileName : own;
    const spellings: [string, ...string[]] = own === "" ? [`${name}-${number}`] : [name, `${name}-${number}`];
    return { spellings, text: pythonStrip(text) };
  });
  const unique = distinctNames(prompts.map(({ spellings }) => spellings));
  return prompts.map(({ text }, i) => ({ name: unique[i], text }));
}

/** Whether a file is of lines below a line of names. */
function isDelimited(path: string): boolean {
  return path.endsWith(".csv") || path.endsWith(".tsv");
}

function rowsOf(path: string, content: string): TableRow[] {
  if (isDelimited(path)) return delimitedRows(path, content, path.endsWith(".csv") ? "," : "\t");
  if (path.endsWith(".json")) {
    const list = parseJson(path, content, "");
    if (Array.isArray(list))
      return list.map((value, i) => ({ number: i + 1, place: `entry ${i + 1}`, fields: fieldsOf(value) }));
    throw new UserError(`${path}: is no list of texts; write ["a text", ..] or [{"text": "a text"}, ..]`);
  }
  const lines = content.split("\n").map((line, index) => ({ line, number: index + 1, place: `line ${index + 1}` }));
  return lines
    .filter(({ line }) => line.trim() !== "")
    .map(({ line, number, place }) => ({ number, place, fields: fieldsOf(parseJson(path, line, ` ${place}`)) }));
}

function parseJson(path: string, content: string, place: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new UserError(`${path}:${place} is not JSON (${messageOf(error)})`, { cause: error });
  }
}

/** A text by itself is the text of a row. */
function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value === "string") return { text: value };
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function delimitedRows(path: string, content: string, delimiter: string): TableRow[] {
  const { data, errors, meta } = parse<Record<string, string>>(content, {
    header: true,
    delimiter,
    skipEmptyLines: true,
  });
  const [error] = errors;
  if (error) throw new UserError(`${path}: row ${(error.row ?? 0) + 1}: ${error.message}`);
  const [twice] = Object.values(meta.renamedHeaders ?? {});
  if (twice !== undefined) throw new UserError(`${path}: two columns are called ${twice}`);
  return data.map((fields, index) => ({ number: index + 1, place: `row ${index + 1}`, fields }));
}
