import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROJECT } from "../../../../tests/support/cli";
import { makeNpy } from "../../../../tests/support/makeNpy";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { UserError } from "../support/errors";
import { readArray } from "./readers";

const FOLDER = join(PROJECT, "tests/fixtures/arrays");
const at = (name: string) => join(FOLDER, name);
const expected: {
  cloud: number[][];
  types: Record<string, number[][]>;
  torch: Record<string, number[][]>;
  views: Record<string, number[][]>;
} = JSON.parse(readFileSync(at("expected.json"), "utf8"));
const CLOUD32 = expected.cloud.map((point) => Array.from(new Float32Array(point)));

async function pointsOf(place: string): Promise<number[][]> {
  const { shape, data } = await readArray(place);
  const [points, dimension] = shape;
  expect(shape).toHaveLength(2);
  expect(data).toHaveLength(points * dimension);
  return Array.from({ length: points }, (_, i) => Array.from(data.subarray(i * dimension, (i + 1) * dimension)));
}

async function expectRefused(place: string, ...words: (string | RegExp)[]): Promise<void> {
  const reading = readArray(place);
  await expect(reading).rejects.toThrow(UserError);
  for (const word of words) await expect(reading).rejects.toThrow(word);
}

describe("the same points in every format", () => {
  test.each([
    ...["cloud.npy", "one.npz", "one.npz:arr_0", "one.npz:arr_0.npy", "several.npz:X"],
    ...[
      "tensor.pt",
      "tensor-legacy.bin",
      "dict.pt",
      "list-of-vectors.pt",
      "one.safetensors",
      "one.safetensors:vectors",
    ],
    ...["turned", "part", "rows", "leaf", "parameter"].flatMap((name) => [
      `views.pt:${name}`,
      `views-legacy.pth:${name}`,
    ]),
    ...[
      "vectors.parquet",
      "vectors.arrow",
      "vectors.parquet:embedding",
      "columns.parquet:fixed",
      "columns.parquet:large",
    ],
    ...["columns.arrow:fixed", "columns.arrow:large", "numbers.parquet", "numbers.arrow", "numbers.arrow:x,y,z"],
    ...["zstd", "snappy", "gzip", "brotli", "lz4"].map((codec) => `${codec}.parquet`),
    ...["stream.ipc", "datasets.arrow", "datasets.parquet", "pandas-index.parquet", "pandas-named-index.parquet"],
    ...["pandas-range.parquet", "pandas.feather", "pandas-vectors.parquet", "polars.parquet", "polars.arrow"],
    ...["polars-stream.arrow", "polars-array.parquet", "polars-array.arrow", "pandas.csv", "pandas.csv:x, y, z"],
    ...["pandas-index.csv", "pandas.tsv", "pandas-counted.csv", "pandas-counted-index.csv", "words.csv:x,y,z"],
    ...["savetxt.csv", "savetxt.csv:0,1,2", "savetxt-spaces.csv", "savetxt-header.csv", "savetxt-header.csv:x,y,z"],
    "polars.csv",
  ])("%s", async (place) => {
    const { data } = await readArray(at(place));
    expect(data).toBeInstanceOf(Float64Array);
    expect(await pointsOf(at(place))).toEqual(expected.cloud);
  });

  test.each([
    "cloud-float32.npy",
    "columns.parquet:float32",
    "columns.arrow:float32",
    "views.pt:fortran32",
    "hidden.pt:0",
  ])("in float32: %s", async (place) => {
    const { data } = await readArray(at(place));
    expect(data).toEqual(Float32Array.from(expected.cloud.flat()));
  });

  test("in float16, of which Parquet has a type of its own", async () => {
    const [parquet, arrow] = await Promise.all(
      ["parquet", "arrow"].map((format) => pointsOf(at(`columns.${format}:float16`))),
    );
    expect(parquet).toEqual(arrow);
    expect(arrow).toEqual(expected.views.short);
    expect(arrow[0][1]).toBeCloseTo(CLOUD32[0][1], 3);
  });
});

describe("types, to their smallest and largest numbers", () => {
  const names = Object.keys(expected.types);

  test.each(names)("NumPy's %s, in both byte orders and both orders of dimensions", async (name) => {
    for (const ending of ["", "-fortran", "-big", "-big-turned"])
      expect(await pointsOf(at(`types.npz:${name}${ending}`))).toEqual(expected.types[name]);
  });

  test.each(Object.keys(expected.torch))("PyTorch's %s, by torch.save and safetensors", async (name) => {
    for (const file of ["types.pt", "types.safetensors"])
      expect(await pointsOf(at(`${file}:${name}`))).toEqual(expected.torch[name]);
  });

  test.each(["parquet", "arrow"])("columns of %s", async (format) => {
    for (const name of names) {
      const first = expected.types[name].map(([value]) => [value]);
      expect(await pointsOf(at(`types.${format}:${name}`))).toEqual(first);
    }
    expect((await readArray(at(`types.${format}:float32`))).data).toBeInstanceOf(Float32Array);
    expect((await readArray(at(`types.${format}:float16,float32`))).data).toBeInstanceOf(Float32Array);
    expect((await readArray(at(`types.${format}:float32,int8`))).data).toBeInstanceOf(Float64Array);
    expect(await pointsOf(at(`types.${format}:u*`))).toEqual(
      expected.types.uint8.map(([value], i) => [
        value,
        ...["uint16", "uint32", "uint64"].map((name) => expected.types[name][i][0]),
      ]),
    );
    const pairs = Array.from({ length: 12 }, (_, i) => [i, -i].map((value) => value + 0));
    expect(await pointsOf(at(`columns.${format}:int64`))).toEqual(pairs);
    expect((await pointsOf(at(`columns.${format}:bool`))).slice(0, 2)).toEqual([
      [1, 1],
      [0, 1],
    ]);
  });

  test("three dimensions in Fortran order", async () => {
    const { shape, data } = await readArray(at("types.npz:three-fortran"));
    expect(shape).toEqual([2, 4, 3]);
    expect(Array.from(data)).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  test("views of short and unsigned numbers", async () => {
    for (const file of ["views.pt", "views-legacy.pth"]) {
      for (const name of ["short", "bits", "later"])
        expect(await pointsOf(at(`${file}:${name}`))).toEqual(expected.views[name]);
    }
  });
});

describe("layers", () => {
  test.each(["hidden.pt", "hidden-legacy.pt", "unbound.pt", "output.pt:hidden_states"])("%s", async (place) => {
    const { shape, data } = await readArray(at(place));
    expect(shape).toEqual([3, 1, 12, 3]);
    expect(data.subarray(0, 36)).toEqual(Float32Array.from(expected.cloud.flat()));
    expect(data[36]).toBe(Math.fround(2 * expected.cloud[0][0]));
  });

  test("parts of lists and dicts, by number and key", async () => {
    expect((await readArray(at("output.pt:hidden_states.1"))).shape).toEqual([1, 12, 3]);
    expect((await readArray(at("nested.pt:0"))).shape).toEqual([2, 1, 12, 3]);
    expect((await readArray(at("nested.pt:1"))).shape).toEqual([1, 12, 3]);
    await expectRefused(at("nested.pt"), "nested.pt:NAME for one of them: 0 [2,1,12,3], 1 [1,12,3]");
    await expectRefused(at("unlike.pt"), "0 [1,12,3], 1 [1,5,3]");
    await expectRefused(at("output.pt"), "hidden_states [3,1,12,3], loss []");
  });

  test.each(["lz4", "zstd"])("packed by %s, over blocks that copy from one another", async (codec) => {
    const { shape, data } = await readArray(at(`${codec}.feather`));
    expect(shape).toEqual([20_000, 3]);
    expect(data.every((value, i) => value === (i % 1000) / 8)).toBe(true);
  });

  test("a part of a table that was cut out", async () => {
    expect(await pointsOf(at("sliced.arrow"))).toEqual(expected.cloud.slice(2, 9));
  });
});

describe("what is refused, and what to do", () => {
  test.each<[string, ...(string | RegExp)[]]>([
    ["several.npz", "3 arrays", "X [12,3], y [12], words (holds <U1"],
    ["several.npz:Z", "no array Z; there are X [12,3]"],
    ["cloud.npy:x", "without a name: leave out :x"],
    ["refused.npz:complex", "<c8: complex numbers", "x.real"],
    ["refused.npz:objects", "|O: Python objects", "numpy.stack"],
    ["refused.npz:text", "<U3: texts"],
    ["refused.npz:bytes", "|S3: texts"],
    ["refused.npz:structured", "structured type", 'x["name"]'],
    ["refused.npz:longdouble", /<f(16|12): longer floats/, 'astype("float64")'],
    ["refused.npz:bfloat16", "<V2", "bfloat16", 'astype("float32")'],
    ["refused.npz:dates", "<M8[ns]: dates"],
    ["refused.npz:large", "9007199254740993 (value 1)", "2^53"],
    ["refused.npz:large_unsigned", "9007199254740993"],
    ["complex.pt", "complex numbers", "x.real"],
    ["negated.pt", "resolve_neg()"],
    ["expanded.pt", "x.expand(..)", "x.contiguous()"],
    ["sparse.pt", "_rebuild_sparse_tensor", "x.to_dense()"],
    ["numpy.pt", "numpy", "torch.from_numpy(x)"],
    ["vectors.parquet:title", "title holds texts", "embedding (vectors)"],
    ["vectors.arrow:title", "title holds texts", "id (numbers)"],
    ["vectors.arrow:titel", "no column titel", "title (texts)"],
    ["vectors.parquet:id,embedding", "a column of vectors is a cloud by itself"],
    ["columns.parquet", "which columns hold the points?", "fixed (vectors)"],
    ["columns.arrow:nested", "holds lists of lists"],
    ["columns.parquet:nested", "holds lists of lists"],
    ["columns.arrow:words", "holds lists of texts"],
    ["columns.parquet:words", "holds lists of texts"],
    ...["parquet", "arrow"].flatMap((format): [string, ...string[]][] => [
      [`columns.${format}:missing`, "column missing: row 7 is empty"],
      [`columns.${format}:hole`, "column hole: row 7 lacks a number (null)"],
      [`columns.${format}:ragged`, "column ragged: row 7 has 2 numbers, row 5 has 3"],
      [`columns.${format}:big`, "column big: row 0 holds 9007199254740993"],
    ]),
    ["version-1.feather", "Feather of version 1", "write it again"],
    ["words.csv", 'line 2, column word: holds "a, b", which is no number'],
    ["pandas-integers.csv", "the first line, 0,1", "may be a point"],
    ["none.npy:x", /none\.npy: no such file$/],
    ["none.npy", /none\.npy: no such file$/],
  ])("%s", async (place, ...words) => {
    await expectRefused(at(place), place.split(":")[0], ...words);
  });

  test("a file of no known kind, and one without an ending", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "cloud.txt"), "1 2\n");
    await expectRefused(join(folder, "cloud.txt"), "no file of a known kind", ".parquet");
    for (const name of ["cloud.npy", "vectors.parquet", "vectors.arrow", "stream.ipc"]) {
      copyFileSync(at(name), join(folder, "vectors"));
      const { data } = await readArray(join(folder, "vectors"));
      expect(Array.from(data)).toEqual(expected.cloud.flat());
    }
    writeFileSync(join(folder, "broken.arrow"), "no table at all");
    await expectRefused(join(folder, "broken.arrow"), "not an Arrow file that can be read");
  });
});

describe("files that are cut short, or empty", () => {
  test.each([
    ...[
      "cloud.npy",
      "one.npz",
      "tensor.pt",
      "tensor-legacy.bin",
      "one.safetensors",
      "vectors.parquet",
      "vectors.arrow",
    ],
    ...["stream.ipc", "zstd.feather", "lz4.feather"],
  ])("%s", async (name) => {
    const path = join(temporaryFolder(), name);
    const whole = readFileSync(at(name));
    // A stream of Arrow may end anywhere between its batches, also for pyarrow.
    const ends = name.endsWith(".ipc") ? [0, whole.length >> 1] : [0, 20, whole.length >> 1, whole.length - 1];
    for (const end of ends) {
      writeFileSync(path, whole.subarray(0, end));
      await expectRefused(path, `${path}: `);
    }
  });
});

test("names of files that hold colons", async () => {
  const folder = temporaryFolder();
  const [whole, inner] = [join(folder, "run:3.npy"), join(folder, "a:b.npz")];
  writeFileSync(whole, makeNpy([1, 2, 3, 4], [2, 2]));
  copyFileSync(at("several.npz"), inner);
  copyFileSync(at("several.npz"), join(folder, "a"));
  expect(await pointsOf(whole)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(await pointsOf(`${inner}:X`)).toEqual(expected.cloud);
});
