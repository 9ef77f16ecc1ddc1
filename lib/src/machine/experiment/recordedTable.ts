import { createHash } from "node:crypto";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { messageOf, UserError } from "../support/errors";
import { readSmallFile } from "../support/files";
import type { RecordedFile } from "./recordedDescription";
import type { Quantity, TidyRow } from "./tidyRows";

/** Studies are kept with the project, and small. In bytes. */
const LARGEST_FILE = 2 ** 27;

/** A row of the table of a recorded study. */
export interface RecordedRow extends TidyRow {
  prompt: string;
}

/** The columns that say which result a row belongs to, and what it says. */
const COLUMNS = ["prompt", "layer", "quantity", "parameter", "value", "error"] as const;

/**
 * Reads a file of a recorded study, if it is the one that was recorded.
 *
 * @throws UserError naming it, if it is not there or another one
 */
export function readRecordedFile(path: string, { sha256 }: RecordedFile): Buffer {
  const bytes = readSmallFile(path, LARGEST_FILE);
  if (createHash("sha256").update(bytes).digest("hex") === sha256) return bytes;
  throw new UserError(
    `${path}: is not the file that was recorded (SHA-256): restore it, or compute instead (--no-recorded)`,
  );
}

/**
 * Reads some rows of a recorded table. The package that reads Parquet trusts the numbers in a file, so it gets none but those
 * whose hash is known.
 *
 * @param bytes of the file, as {@link readRecordedFile} gives them
 * @param visit is called for each row, in their order
 * @throws UserError if the file does not hold such rows
 */
export async function readRows(
  path: string,
  bytes: Buffer,
  rowStart: number,
  rowEnd: number,
  visit: (row: RecordedRow) => void,
): Promise<void> {
  const columns: Record<string, ArrayLike<unknown>[]> = Object.fromEntries(COLUMNS.map((name) => [name, []]));
  try {
    // An ES module: a CommonJS library can only load it in this way without a warning.
    const { parquetRead } = await import("hyparquet");
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    await parquetRead({
      file,
      columns: [...COLUMNS],
      rowStart,
      rowEnd,
      compressors: { GZIP: (packed, length) => gunzipSync(packed, { maxOutputLength: length }) },
      onChunk: ({ columnName, columnData }) => void columns[columnName].push(columnData),
    });
  } catch (error) {
    throw new UserError(`${path}: not a table of recorded results (${messageOf(error)})`, { cause: error });
  }
  const [prompts, layers, quantities, parameters, values, errors] = COLUMNS.map((name) => flat(columns[name]));
  const rows = rowEnd - rowStart;
  const short = [prompts, layers, quantities, parameters, values, errors].some(({ length }) => length !== rows);
  if (short) throw new UserError(`${basename(path)}: holds other numbers of rows than its description says`);
  for (let i = 0; i < rows; i++) {
    visit({
      prompt: prompts[i] as string,
      layer: (layers[i] as number | null) ?? null,
      quantity: quantities[i] as Quantity,
      parameter: (parameters[i] as number | null) ?? null,
      value: values[i] as number,
      error: (errors[i] as number | null) ?? null,
    });
  }
}

function flat(pieces: readonly ArrayLike<unknown>[]): ArrayLike<unknown> {
  return pieces.length === 1 ? pieces[0] : pieces.flatMap((piece) => Array.from(piece));
}
