import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { parse } from "papaparse";
import { describe, expect, test } from "vitest";
import { asRead, HARD_KINDS, HARD_ROWS, READ_ROWS } from "../../../../tests/support/hardRows";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { WITH_LOSS } from "../../../../tests/support/studyRows";
import { meanOverPrompts } from "../../results/means";
import { published } from "../../results/published";
import { select } from "../../results/row";
import { Column, columnsOf } from "../render/columns";
import { readProvenance } from "../render/readMetadata";
import { fromArrow, fromParquet } from "../render/readTableMetadata";
import { csvField, TABLE_FORMATS, tableFormat } from "../render/tableFormats";
import { saveRows } from "./saveRows";

const PROVENANCE = { published: { "made up": "é" } };
const CAPTION = "Tidy rows, one number each. Made up.";

/** A file's bytes in a buffer of their own. */
const bufferOf = (path: string) => new Uint8Array(readFileSync(path)).buffer;

async function saved(rows: Iterable<object>, name: string): Promise<string> {
  const path = join(temporaryFolder(), "new", name);
  await saveRows(rows, path);
  return path;
}

describe("rows that are easily misread", () => {
  test("as Parquet: types, nulls, numbers to the digit, provenance", async () => {
    const file = bufferOf(await saved(HARD_ROWS, "rows.parquet"));
    expect(await parquetReadObjects({ file })).toEqual(READ_ROWS);
    const metadata = parquetMetadata(file);
    const types = parquetSchema(metadata).children.map(({ element }) => [element.name, element.type]);
    const named = { text: "BYTE_ARRAY", integer: "INT32", number: "DOUBLE", boolean: "BOOLEAN" };
    expect(types).toEqual(Object.entries(HARD_KINDS).map(([name, kind]) => [name, named[kind]]));
    const said = Object.fromEntries(metadata.key_value_metadata!.map(({ key, value }) => [key, value]));
    expect(said).toMatchObject({ Title: "rows", Description: CAPTION, Software: "token-geometry" });
    expect(JSON.parse(said.Provenance!)).toEqual(PROVENANCE);
    expect(JSON.parse(said.pandas!).columns.map((one: { numpy_type: string }) => one.numpy_type)).toEqual(
      Object.values(HARD_KINDS).map((kind) => {
        return { text: "str", integer: "Int32", number: "float64", boolean: "boolean" }[kind];
      }),
    );
  });

  test("as Arrow", async () => {
    const { tableFromIPC, Type } = await import("@uwdata/flechette");
    const table = tableFromIPC(bufferOf(await saved(HARD_ROWS, "rows.arrow")));
    expect(table.toArray()).toEqual(READ_ROWS);
    const named = { text: Type.Utf8, integer: Type.Int, number: Type.Float, boolean: Type.Bool };
    const types = table.schema.fields.map(({ name, type }) => [name, type.typeId]);
    expect(types).toEqual(Object.entries(HARD_KINDS).map(([name, kind]) => [name, named[kind]]));
    expect(JSON.parse(table.schema.metadata!.get("Provenance")!)).toEqual(PROVENANCE);
  });

  test("as CSV and as lines of JSON, which say beside them where they are from", async () => {
    const csv = await saved(HARD_ROWS, "rows.csv");
    const text = readFileSync(csv, "utf8");
    const { data } = parse<Record<string, string>>(text, { header: true, skipEmptyLines: true });
    const asText = (cell: unknown) => (cell === null ? "" : String(cell));
    expect(data).toEqual(
      READ_ROWS.map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, asText(cell)]))),
    );
    expect(text).not.toMatch(/NaN|undefined/);
    const { tableSchema } = JSON.parse(readFileSync(`${csv}-metadata.json`, "utf8"));
    expect(tableSchema.columns.slice(2, 6)).toEqual([
      { titles: "prompt", datatype: "string" },
      { titles: "shuffle", datatype: "integer" },
      { titles: "layer", datatype: "integer" },
      { titles: "depth", datatype: "double" },
    ]);
    const jsonl = await saved(HARD_ROWS, "rows.jsonl");
    const lines = readFileSync(jsonl, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(READ_ROWS);
    for (const path of [csv, jsonl]) expect(readProvenance(path)).toEqual(PROVENANCE);
  });

  test.each(["parquet", "arrow"])(
    "%s: what it says of itself is found, and looked for in vain where it is damaged",
    async (format) => {
      const path = await saved(HARD_ROWS, `rows.${format}`);
      expect(readProvenance(path)).toEqual(PROVENANCE);
      const bytes = readFileSync(path);
      for (let at = 0; at < bytes.length; at++) {
        const damaged = Buffer.from(bytes);
        damaged[at] ^= 0xff;
        for (const piece of [damaged, bytes.subarray(0, at)]) {
          const said = format === "parquet" ? fromParquet(piece) : fromArrow(piece);
          expect(said === undefined || said.length < bytes.length).toBe(true);
        }
      }
      writeFileSync(path, bytes.subarray(0, -1));
      expect(() => readProvenance(path)).toThrow("carries no provenance");
    },
  );
});

describe("any rows", () => {
  test("of many more than are encoded together", async () => {
    const { tableFromIPC } = await import("@uwdata/flechette");
    const count = 2 ** 17 + 5;
    const many = function* (end = count) {
      for (let i = 0; i < end; i++) yield { prompt: i % 3 === 0 ? null : `prompt ${i % 7}`, value: i / 7 };
    };
    const expected = [...many()];
    const parquet = bufferOf(await saved(many(), "rows.parquet"));
    expect(parquetMetadata(parquet).row_groups).toHaveLength(2);
    const places = [0, 2 ** 17 - 1, 2 ** 17, count - 1];
    const read = await parquetReadObjects({ file: parquet });
    const table = tableFromIPC(bufferOf(await saved(many(), "rows.arrow")));
    expect([read.length, table.numRows]).toEqual([count, count]);
    for (const place of places) expect([read[place], table.get(place)]).toEqual([expected[place], expected[place]]);
    const lines = readFileSync(await saved(many(5000), "rows.jsonl"), "utf8").split("\n");
    expect([lines.length, JSON.parse(lines[4999])]).toEqual([5001, expected[4999]]);
  });

  test("of a study, means and published ones: whole or not at all", async () => {
    const rows = WITH_LOSS.of("intrinsicDimension");
    const path = await saved(rows, "rows.parquet");
    expect(await parquetReadObjects({ file: bufferOf(path) })).toEqual(asRead(rows));
    const means = await saved(meanOverPrompts(rows), "means.parquet");
    const [{ n, sd }] = await parquetReadObjects({ file: bufferOf(means) });
    expect([n, typeof sd]).toEqual([12, "number"]);
    const ours = select(published("loss", undefined, { models: ["Llama-3-8B"] }), { shuffle: 0 });
    const [first] = await parquetReadObjects({ file: bufferOf(await saved(ours, "loss.parquet")) });
    expect(first).toEqual(asRead(ours)[0]);
    expect(readdirSync(join(path, ".."))).toEqual(["rows.parquet"]);
  });

  test("columns are what their rows are, and a column of no rows has its kind all the same", () => {
    const kinds = (rows: object[]) => columnsOf(rows).map(({ name, kind }) => [name, kind]);
    const none = { prompt: null, layer: null, error: Number.NaN, label: undefined };
    expect(kinds([none])).toEqual([
      ["prompt", "text"],
      ["layer", "integer"],
      ["error", "number"],
      ["label", "text"],
    ]);
    // A histogram may have bins that are narrower than 1; counts are numbers as all values are.
    expect(kinds([{ parameter: 0.5, value: 3, layer: 2 ** 31, own: true }])).toEqual([
      ["parameter", "number"],
      ["value", "number"],
      ["layer", "number"],
      ["own", "boolean"],
    ]);
    const [late, , other] = columnsOf([
      { a: 1, b: 1 },
      { a: 2, c: "x" },
    ]);
    expect([late.length, other.at(0), other.at(1)]).toEqual([2, null, "x"]);
  });

  test("what is no table is refused before anything is written", async () => {
    const path = join(temporaryFolder(), "rows.csv");
    const refusal = (rows: object[], message: string) => expect(saveRows(rows, path)).rejects.toThrow(message);
    await refusal([], "there are no rows to write");
    await refusal([{ a: 1 }, { a: "x" }], "the column a holds numbers and strings");
    await refusal([{ a: [1] }], "the column a holds objects");
    await refusal([{ a: 1n }], "the column a holds bigints");
    await expect(saveRows(HARD_ROWS, "rows.txt")).rejects.toThrow("rows.txt: does not end in the name of a format");
    await expect(saveRows(HARD_ROWS, "-")).rejects.toThrow("there are parquet, arrow, csv, jsonl");
    expect(() => tableFormat("rows.csv", "feather")).toThrow('unknown format "feather"');
    expect(existsSync(path)).toBe(false);
  });

  test("infinite numbers are as all but JSON know them", () => {
    expect([csvField(1 / 0), csvField(-1 / 0), csvField(null), csvField('a "b"')]).toEqual([
      "inf",
      "-inf",
      "",
      '"a ""b"""',
    ]);
    const column = new Column("value");
    column.add(1 / 0);
    expect([column.at(0), TABLE_FORMATS.length]).toEqual([Number.POSITIVE_INFINITY, 4]);
  });
});
