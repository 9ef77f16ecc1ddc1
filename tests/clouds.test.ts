/** `token-geometry geometry` measures the same cloud alike in whatever file it is. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { askProgram, PROJECT } from "./support/cli";

const at = (place: string) => join(PROJECT, "tests/fixtures/arrays", place);

async function numbersOf(places: readonly string[]): Promise<string[]> {
  const reports: string[] = [];
  for (const place of places) {
    const { status, stdout, stderr } = await askProgram(["geometry", at(place), "--json"]);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout).clouds[0].file).toMatch(at(place));
    reports.push(stdout.replaceAll(at(place), "FILE"));
  }
  return reports;
}

test.each([
  [
    "float64",
    "cloud.npy",
    [
      "one.npz",
      "tensor.pt",
      "tensor-legacy.bin",
      "views.pt:turned",
      "one.safetensors",
      "vectors.parquet",
      "numbers.parquet",
    ],
    ["vectors.arrow", "stream.ipc", "pandas.feather", "datasets.arrow", "polars.arrow", "pandas.csv", "pandas.tsv"],
  ],
  [
    "float32",
    "cloud-float32.npy",
    ["views.pt:fortran32", "columns.parquet:float32", "columns.arrow:float32"],
    ["hidden.pt:0"],
  ],
  ["layers", "hidden.pt", ["hidden-legacy.pt", "output.pt:hidden_states"], ["unbound.pt"]],
])("%s", { timeout: 30_000 }, async (_, first, ...others) => {
  const [expected, ...reports] = await numbersOf([first, ...others.flat()]);
  expect(JSON.parse(expected).clouds[0]).toMatchObject({ n: 12, d: 3 });
  for (const report of reports) expect(report).toBe(expected);
});

test("several files in one call, and which are in them", async () => {
  const { stdout } = await askProgram(["geometry", at("cloud.npy"), at("several.npz:X"), "--json"]);
  const { neighborhoodOverlap } = JSON.parse(stdout);
  const [{ from, to, overlap }] = neighborhoodOverlap;
  expect([from, to]).toEqual([at("cloud.npy"), at("several.npz:X")]);
  expect(overlap).toHaveLength(11);
  expect(overlap.every(({ value }: { value: number }) => value === 1)).toBe(true);
});
