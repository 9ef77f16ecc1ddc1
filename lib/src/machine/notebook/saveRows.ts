import { createHash, type Hash } from "node:crypto";
import { basename, extname } from "node:path";
import { type RowSource, SOURCE } from "../../results/row";
import { provenanceOfSources } from "../../results/wording";
import { type ColumnKind, columnsOf } from "../render/columns";
import {
  type DescribedColumn,
  tableIdentifier,
  tableMetadata,
  tableMetadataPath,
  textsOf,
} from "../render/exportMetadata";
import { encodeTable, type TableFormat, tableFormat } from "../render/tableFormats";
import { UserError } from "../support/errors";
import { checkOutputFile, writeFileAtomically } from "../support/files";
import { outputTarget, STANDARD_OUTPUT } from "../support/outputTarget";

export interface SaveRowsOptions {
  /** That of the file's ending without it: .parquet, .arrow, .csv, .jsonl. */
  format?: "parquet" | "arrow" | "csv" | "jsonl";
}

/** A table that was written. */
export interface SavedRows {
  path: string;
  format: TableFormat;
  rows: number;
  columns: string[];
}

/** How the metadata beside a table call what is in a column. */
const DATATYPES: Record<ColumnKind, DescribedColumn["datatype"]> = {
  ...{ text: "string", integer: "integer", number: "double", boolean: "boolean" },
};

/**
 * Writes rows for pandas, polars, DuckDB and R, atomically: those of a study, means, or any others, a column for each name.
 * Layer, shuffle index, parameter and n are integers of 32 bits, other numbers float64 with all their digits, a number that
 * does not exist is null. Where the rows come from (hashes of the model, seed, tokens, versions; see {@link provenanceOf}) is said
 * inside a Parquet or Arrow file, by the key `Provenance`; of .csv and .jsonl in the file beside it, NAME-metadata.json.
 *
 * @param path of the file; "-" for the standard output
 * @throws UserError if there are no rows, the ending names no format, a column holds both texts and numbers, or the file cannot
 *   be written
 * @example
 * const rows = published("intrinsicDimension", 2, { models: ["Llama-3-8B"] });
 * const path = `${process.env.TOKEN_GEOMETRY_OUT ?? "out"}/rows.parquet`;
 * (await saveRows(select(rows, { layer: [1, 2] }), path)).rows; // 12
 */
export async function saveRows(
  rows: Iterable<object>,
  path: string,
  { format: wish }: SaveRowsOptions = {},
): Promise<SavedRows> {
  const format = tableFormat(path, wish);
  checkOutputFile(path);
  const sources = new Set<RowSource>();
  const columns = columnsOf(notingSources(rows, sources));
  if (columns.length === 0) throw new UserError(`${path}: there are no rows to write`);
  const saved = { path, format, rows: columns[0].length, columns: columns.map(({ name }) => name) };
  const notes = [...new Set([...sources].flatMap((source) => source.notes))];
  const about = {
    name: path === STANDARD_OUTPUT ? "rows" : basename(path, extname(path)),
    caption: ["Tidy rows, one number each.", ...notes].join(" "),
    provenance: provenanceOfSources([...sources]),
  };
  const hash = createHash("sha256");
  const pieces = await encodeTable(format, columns, textsOf(about));
  writeFileAtomically(path, hashing(pieces, hash));
  // The first two say it themselves; beside a pipe there is no place.
  if (format === "parquet" || format === "arrow" || "stream" in outputTarget(path)) return saved;
  const described = columns.map(({ name, kind }) => ({ titles: name, datatype: DATATYPES[kind] }));
  writeFileAtomically(tableMetadataPath(path), tableMetadata(about, path, described, tableIdentifier(hash)));
  return saved;
}

/** The rows, as what they come from is noted. */
function* notingSources(rows: Iterable<object>, sources: Set<RowSource>): Iterable<object> {
  for (const row of rows) {
    const { [SOURCE]: source } = row as { [SOURCE]?: RowSource };
    if (source) sources.add(source);
    yield row;
  }
}

function* hashing(pieces: Iterable<Uint8Array>, hash: Hash): Iterable<Uint8Array> {
  for (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
