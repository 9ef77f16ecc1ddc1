/** The tables of saveRows in the hands of those for whom they are: pandas, polars, DuckDB, pyarrow. Slow by their start. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { saveRows } from "../lib/src/machine/notebook/saveRows";
import { TABLE_FORMATS } from "../lib/src/machine/render/tableFormats";
import { PROJECT } from "./support/cli";
import { HARD_KINDS, HARD_ROWS, READ_ROWS } from "./support/hardRows";
import { temporaryFolder } from "./support/notebooks";

/** A Python that has them; TOKEN_GEOMETRY_READERS says which, and that it has to. */
const named = process.env.TOKEN_GEOMETRY_READERS;
const python = named ?? "python3";
const isThere = spawnSync(python, ["-c", "import pandas, pyarrow, polars, duckdb"]).status === 0;
if (!isThere)
  console.warn(`NOT EXECUTED: ${python} has no pandas, pyarrow, polars and duckdb (TOKEN_GEOMETRY_READERS)`);

test.skipIf(!isThere && named === undefined)("types, nulls and numbers are those that were written", async () => {
  const folder = temporaryFolder();
  for (const format of TABLE_FORMATS) await saveRows(HARD_ROWS, join(folder, `rows.${format}`));
  const expected = { kinds: HARD_KINDS, rows: READ_ROWS, provenance: { published: { "made up": "é" } } };
  writeFileSync(join(folder, "expected.json"), JSON.stringify(expected));
  const script = join(PROJECT, "tests/fixtures/make/read_rows.py");
  const { status, stdout, stderr } = spawnSync(python, [script, folder], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout.match(/^(pandas|polars|duckdb|pyarrow), \w+: 6 rows/gm)).toHaveLength(14);
});
