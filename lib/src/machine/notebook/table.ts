import { rmSync } from "node:fs";
import type { DataFrame } from "danfojs-node";
import { exportedFigure } from "../render/export";
import { type Described, tableIdentifier, tableMetadata, tableMetadataPath } from "../render/exportMetadata";
import { figurePath } from "../render/figureFolder";
import { csvField } from "../render/tableFormats";
import { writeFileAtomically } from "../support/files";
import { sendToNotebook } from "../support/notebookOutput";
import { RECORD_TYPE } from "./record";
import { type Table, type TableOptions, tableHtml, tableRecord, tableText } from "./tableFormat";

/**
 * Rows as a danfojs data frame, for grouping, joining and describing. A column is there if any row has it; what a row
 * lacks is null. (danfojs counts nulls as numbers: drop them before means.)
 *
 * @example toDataFrame([{ layer: 1, dimension: 7.6 }, { layer: 2 }]).shape; // [2, 2]
 */
export function toDataFrame(rows: object[]): DataFrame {
  // Loaded when needed: it takes a second and brings TensorFlow.js along.
  const danfo: typeof import("danfojs-node") = require("danfojs-node");
  const { columns, cells } = tableOf(rows);
  return new danfo.DataFrame(cells, { columns });
}

/**
 * Shows rows or a data frame as a table; outside a notebook it is printed as text.
 *
 * @example showTable([{ layer: 1, dimension: 7.6 }], { caption: "SmolLM2-135M" });
 */
export function showTable(rows: object[] | DataFrame, options: TableOptions = {}): void {
  const table = tableOf(rows);
  const text = tableText(table, options);
  const forms = { "text/html": tableHtml(table, options), "text/plain": text };
  if (!sendToNotebook({ [RECORD_TYPE]: tableRecord(table, options), ...forms })) console.log(text);
}

/**
 * Writes rows or a data frame as CSV (RFC 4180, UTF-8, a header line, numbers with all their digits), atomically.
 *
 * @param about the figure whose numbers these are: a file beside the table then says the same of it, see {@link tableMetadata}
 * @throws UserError if the file cannot be written
 */
export function saveTable(rows: object[] | DataFrame, path: string, about?: Described): void {
  const { columns, cells } = tableOf(rows);
  const lines = [columns, ...cells].map((line) => line.map(csvField).join(","));
  const csv = Buffer.from(`${lines.join("\r\n")}\r\n`);
  writeFileAtomically(path, csv);
  const titles = columns.map((column) => ({ titles: column }));
  if (about) writeFileAtomically(tableMetadataPath(path), tableMetadata(about, path, titles, tableIdentifier(csv)));
  else rmSync(tableMetadataPath(path), { force: true }); // describes an earlier table
}

/**
 * Writes rows or a data frame as `name`.csv where figures go. If a figure of that name was exported before, the table's
 * metadata are the figure's.
 *
 * @returns the file's path
 * @throws UserError as {@link saveTable}
 * @example exportTable([{ layer: 1, dimension: 7.6 }], "dimensions").endsWith("dimensions.csv"); // true
 */
export function exportTable(rows: object[] | DataFrame, name: string): string {
  const path = figurePath(name, "csv");
  saveTable(rows, path, exportedFigure(name));
  return path;
}

function tableOf(rows: object[] | DataFrame): Table {
  if (!Array.isArray(rows)) return { columns: rows.columns, cells: rows.values as unknown[][] };
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return {
    columns,
    cells: rows.map((row) => columns.map((column) => (row as Record<string, unknown>)[column] ?? null)),
  };
}
