/** `token-geometry rows`: the tables that people take to other programs, and where they come from. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runExperiment } from "../lib/src/machine/experiment/experiment";
import { Study } from "../lib/src/results/study";
import { askProgram, expectRefusal, filesBelow, runProgram } from "./support/cli";
import { asRead } from "./support/hardRows";
import { temporaryFolder } from "./support/notebooks";
import { copyModelWithTokenizer } from "./support/tinyModel";

const TEXT =
  "Below the last lock the water is brackish, and the keeper's garden grows nothing but sea kale and thrift.";
const COLUMNS = "origin,model,prompt,shuffle,layer,depth,quantity,parameter,value,error";

const folder = mkdtempSync(join(tmpdir(), "token-geometry-rows-"));
const store = join(folder, "store");
const prompts = join(folder, "two.jsonl");
let model: string;
let expected: Record<string, unknown>[];
let manifestPath: string;

beforeAll(async () => {
  model = copyModelWithTokenizer(join(folder, "tiny"));
  writeFileSync(prompts, `${JSON.stringify(TEXT)}\n${JSON.stringify(TEXT.toUpperCase())}\n`);
  const settings = { models: [model], prompts, tokens: 64, shuffleIndices: [0, 2] };
  const experiment = await runExperiment(settings, { store, backend: "wasm", workers: 1 });
  manifestPath = experiment.manifestPath;
  expected = asRead([...new Study(experiment)].map((row) => ({ ...row, origin: "store" })));
});
afterAll(() => rmSync(folder, { recursive: true }));

const rows = (...args: string[]) => askProgram(["rows", "--store", store, ...args]);
const readParquet = (path: string) => parquetReadObjects({ file: new Uint8Array(readFileSync(path)).buffer });

describe("the table", () => {
  test("has every number of the store's only experiment, to the digit", async () => {
    const out = join(temporaryFolder(), "rows.parquet");
    const { status, stdout, stderr } = await rows("--out", out);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(`${expected.length} rows of 4 units, parquet; ${out}\n`);
    expect(await readParquet(out)).toEqual(expected);
  });

  test("is of the experiment that run's options or a manifest name, where there are several", async () => {
    const two = join(temporaryFolder(), "two");
    const settings = { models: [model], prompts, shuffleIndices: [0], promptCount: 1 };
    await runExperiment({ ...settings, tokens: 40 }, { store: two, backend: "wasm", workers: 1 });
    const other = await runExperiment({ ...settings, tokens: 50 }, { store: two, backend: "wasm", workers: 1 });
    const out = join(temporaryFolder(), "rows.jsonl");
    const write = (...args: string[]) => askProgram(["rows", "--store", two, "--out", out, "--json", ...args]);
    expectRefusal(await write(), "these results do not belong together", "Name one experiment (--manifest)");
    const named = JSON.parse((await write("--manifest", other.manifestPath)).stdout);
    expect(named).toEqual({
      path: out,
      format: "jsonl",
      rows: [...new Study(other)].length,
      columns: COLUMNS.split(","),
    });
    const text = readFileSync(out);
    const options = ["--model", model, "--prompts", prompts, "--count", "1", "--tokens", "50", "--backend", "wasm"];
    expect((await write(...options)).status).toBe(0);
    expect(readFileSync(out)).toEqual(text);
  });

  test("is cut to quantities and layers, and refuses those that are not there", async () => {
    const out = join(temporaryFolder(), "rows.csv");
    const quantities = ["intrinsicDimension", "cosineSimilarity"];
    expect((await rows("--out", out, "--quantity", ...quantities, "--layer", "1,3")).status).toBe(0);
    const lines = readFileSync(out, "utf8").trimEnd().split("\r\n");
    const kept = expected.filter(
      ({ quantity, layer }) => quantities.includes(`${quantity}`) && [1, 3].includes(Number(layer)),
    );
    const asText = (cell: unknown) => (cell === null ? "" : String(cell));
    expect(lines).toEqual([COLUMNS, ...kept.map((row) => Object.values(row).map(asText).join())]);
    const gone = join(temporaryFolder(), "rows.csv");
    expectRefusal(
      await rows("--out", gone, "--quantity", "los"),
      "no quantity los in the experiment; there are loss, ",
    );
    expectRefusal(await rows("--out", gone, "--layer", "1,9"), "no layer 9 in the experiment; there are 0, 1, 2, 3");
    expectRefusal(await rows("--out", gone, "--layer", "1", "--quantity", "loss"), "there are no rows to write");
    expectRefusal(await rows("--out", gone.replace("csv", "xls")), "rows.xls: does not end in the name of a format");
    expectRefusal(await rows("--out", gone, "--format", "xls"), "Allowed choices are parquet, arrow, csv, jsonl");
    const other = ["--model", model, "--prompts", prompts, "--tokens", "32", "--backend", "wasm"];
    const missing = `the experiment asked for: 2 of 2 units are not in ${store}: tiny/two-1/S=0, tiny/two-2/S=0; compute them:`;
    expectRefusal(await rows("--out", gone, ...other), missing);
    expectRefusal(await rows("--out", "-"), "-: does not end in the name of a format; there are parquet");
    expect(filesBelow(join(gone, ".."))).toEqual([]);
  });

  test("goes to the standard output alone", async () => {
    const { status, stdout, stderr } = await runProgram(["rows", "--store", store, "--out", "-", "--format", "jsonl"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: `${expected.length} rows of 4 units, jsonl; -\n` });
    expect(
      asRead(
        stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
      ),
    ).toEqual(expected);
    expectRefusal(await rows("--out", "-", "--format", "jsonl", "--json"), "--json goes to standard output");
  });

  test.each(["parquet", "arrow", "csv", "jsonl"])("leads back to the store: %s", async (format) => {
    const out = join(temporaryFolder(), `rows.${format}`);
    await rows("--out", out);
    const { status, stdout } = await askProgram(["trace", "--store", store, out, "--json"]);
    expect(status).toBe(0);
    const [{ experiments }] = JSON.parse(stdout).files;
    expect(experiments).toMatchObject([{ state: "unchanged", manifest: manifestPath }]);
  });
});
