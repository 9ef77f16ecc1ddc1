/** The tables of saveRows in the hands of those for whom they are: pandas, polars, DuckDB, pyarrow. Slow by their start. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { saveRows } from "../lib/src/machine/notebook/saveRows";
import { TABLE_FORMATS } from "../lib/src/machine/render/tableFormats";
import { PROJECT } from "./support/cli";
import { HARD_KINDS, HARD_ROWS, READ_ROWS } from "./support/hardRows";
import { temporaryFolder } from "./support/notebooks";
import { hasReaders, runPython } from "./support/pythonReaders";

test.skipIf(!hasReaders("pandas", "pyarrow", "polars", "duckdb"))(
  "types, nulls and numbers are those that were written",
  async () => {
    const folder = temporaryFolder();
    for (const format of TABLE_FORMATS) await saveRows(HARD_ROWS, join(folder, `rows.${format}`));
    const expected = { kinds: HARD_KINDS, rows: READ_ROWS, provenance: { published: { "made up": "é" } } };
    writeFileSync(join(folder, "expected.json"), JSON.stringify(expected));
    const script = join(PROJECT, "tests/fixtures/make/read_rows.py");
    const { status, stdout, stderr } = runPython(script, folder);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.match(/^(pandas|polars|duckdb|pyarrow), \w+: 6 rows/gm)).toHaveLength(14);
  },
);
