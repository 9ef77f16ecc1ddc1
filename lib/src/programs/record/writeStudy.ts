import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { lastTokenVector } from "../../machine/experiment/passMetrics";
import type { RecordedFile, StudyDescription } from "../../machine/experiment/recordedDescription";
import { quantityNames, type TidyRow, tidyRows } from "../../machine/experiment/tidyRows";
import type { UnitResult } from "../../machine/experiment/unit";
import { UserError } from "../../machine/support/errors";
import { readSmallFile, writeFileAtomically } from "../../machine/support/files";
import { LARGEST_FLOAT16, toFloat16 } from "../../machine/support/float16";
import { writeNpy } from "../../machine/support/npy";

/** A part of a study with its results, one a prompt. */
export interface MeasuredPart {
  part: Omit<StudyDescription["parts"][number], "rows">;
  results: UnitResult[];
}

/** All of a description but what follows from the results. */
export type StudyFacts = Omit<StudyDescription, "parts" | "table" | "lastToken">;

/** Files are read again to be hashed. In bytes. */
const LARGEST_FILE = 2 ** 27;

/**
 * Writes a recorded study into a folder: NAME.parquet, NAME-last-token.npy, and at the end NAME.json, which says what they
 * are. Equal results give equal tables, to the byte.
 *
 * @returns path of the description
 * @throws UserError if the folder cannot be written
 */
export async function writeStudy(
  folder: string,
  facts: StudyFacts,
  measured: readonly MeasuredPart[],
): Promise<string> {
  const { name } = facts.model;
  const rows = measured.map(({ part, results }) => rowsOf(part.prompts, results));
  const table = join(folder, `${name}.parquet`);
  writeFileAtomically(table, new Uint8Array(await encodeTable(name, measured, rows)));
  const withVectors = measured.filter(({ part }) => part.metrics.includes("lastToken"));
  if (withVectors.length > 1) throw new UserError(`${name}: the last token can be recorded of one order only`);
  const vectors = withVectors.map(({ results }) => writeLastTokens(join(folder, `${name}-last-token.npy`), results));
  const description: StudyDescription = {
    ...facts,
    parts: measured.map(({ part }, i) => ({ ...part, rows: rows[i].length })),
    table: fileOf(table),
    ...(vectors.length > 0 && { lastToken: fileOf(vectors[0]) }),
  };
  const path = join(folder, `${name}.json`);
  writeFileAtomically(path, `${JSON.stringify(description, null, 1)}\n`);
  return path;
}

/** A row with its prompt. */
type PromptRow = TidyRow & { prompt: string };

/** By quantity, parameter and layer, then prompt: neighbors are alike, which keeps the file small. */
function rowsOf(prompts: readonly string[], results: readonly UnitResult[]): PromptRow[] {
  const rows = prompts.flatMap((prompt, i) => tidyRows(results[i]).map((row) => ({ prompt, ...row })));
  const place = new Map(prompts.map((prompt, index) => [prompt, index]));
  const order = new Map(quantityNames().map((quantity, index) => [quantity as string, index]));
  return rows.sort(
    (a, b) =>
      order.get(a.quantity)! - order.get(b.quantity)! ||
      (a.parameter ?? -1) - (b.parameter ?? -1) ||
      (a.layer ?? -1) - (b.layer ?? -1) ||
      place.get(a.prompt)! - place.get(b.prompt)!,
  );
}

async function encodeTable(
  model: string,
  measured: readonly MeasuredPart[],
  rows: readonly PromptRow[][],
): Promise<ArrayBuffer> {
  // An ES module: a CommonJS library can only load it in this way without a warning.
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import("hyparquet-writer");
  const columnsOf = (part: MeasuredPart["part"] | undefined, own: readonly PromptRow[]) => [
    { name: "model", data: own.map(() => model), type: "STRING" as const, nullable: false },
    { name: "bos", data: own.map(() => part?.bos === true), type: "BOOLEAN" as const, nullable: false },
    { name: "leaveOut", data: own.map(() => part?.leaveOut ?? 0), type: "INT32" as const, nullable: false },
    { name: "shuffle", data: own.map(() => part?.shuffleIndex ?? 0), type: "INT32" as const, nullable: false },
    { name: "prompt", data: own.map(({ prompt }) => prompt), type: "STRING" as const, nullable: false },
    { name: "layer", data: own.map(({ layer }) => layer), type: "INT32" as const },
    { name: "quantity", data: own.map(({ quantity }) => quantity), type: "STRING" as const, nullable: false },
    { name: "parameter", data: own.map(({ parameter }) => parameter), type: "INT32" as const },
    // Signs and exponents of all numbers, then their digits: neighbors are alike.
    { name: "value", data: own.map(({ value }) => value), type: "FLOAT" as const, nullable: false, encoding: SPLIT },
    { name: "error", data: own.map(({ error }) => error), type: "FLOAT" as const, encoding: SPLIT },
  ];
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: schemaFromColumnData({ columnData: columnsOf(undefined, []) }),
    codec: "GZIP",
    compressors: { GZIP: (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }) },
    statistics: true,
  });
  measured.forEach(({ part }, i) => {
    const columnData = columnsOf(part, rows[i]).map(({ type, nullable, ...column }) => column);
    parquet.write({ columnData, rowGroupSize: rows[i].length });
  });
  parquet.finish();
  return writer.getBuffer();
}

const SPLIT = "BYTE_STREAM_SPLIT" as const;

/** Writes [prompts, layers, width], in half precision if that is wide enough for the numbers. */
function writeLastTokens(path: string, results: readonly UnitResult[]): string {
  const layers = results[0].layers.length;
  const vectors = results.flatMap((result) => result.layers.map((_, layer) => lastTokenVector(result, layer)));
  const width = vectors[0].length;
  const narrow = vectors.find((vector) => vector.length !== width);
  if (narrow)
    throw new UserError(`vectors of the last token are ${width} and ${narrow.length} wide; they cannot be recorded`);
  const fits = vectors.every((vector) => vector.every((value) => Math.abs(value) <= LARGEST_FLOAT16));
  writeNpy(path, [results.length, layers, width], fits ? vectors.map(toFloat16) : vectors);
  return path;
}

function fileOf(path: string): RecordedFile {
  const bytes = readSmallFile(path, LARGEST_FILE);
  const name = path.slice(path.replaceAll("\\", "/").lastIndexOf("/") + 1);
  return { file: name, sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}
