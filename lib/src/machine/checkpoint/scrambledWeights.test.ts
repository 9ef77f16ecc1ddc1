/** A scrambled model: the same values, elsewhere, whichever way they are read; a model of its own beside the one it is made of. */
import { join } from "node:path";
import { beforeAll, describe, expect, it, test } from "vitest";
import { loadModel } from "../../model/model";
import { chooseBackend } from "../backend/backend";
import { PROJECT_ROOT } from "../support/project";
import { type Checkpoint, openCheckpoint, readTensor, readTensorRows, readTransposedRows } from "./checkpoint";
import { isQuantizedType } from "./quantized/dequantize";
import { scrambleWeights } from "./scrambledWeights";
import { isPlainType, partOf, readStoredBytes, readValues } from "./storedTensor";

const path = (name: string) => join(PROJECT_ROOT, name);
const original = openCheckpoint(path("data/models/llama-mini"));
const scrambled = scrambleWeights(original, "0");
const MATRIX = "model.layers.3.mlp.down_proj.weight";

function matrixOf(checkpoint: Checkpoint, name = MATRIX): { values: Float32Array; shape: number[] } {
  const { shape } = checkpoint.tensors.get(name)!;
  return { values: readTensor(checkpoint, name, shape), shape };
}

describe("a scrambled matrix", () => {
  const [before, after] = [matrixOf(original), matrixOf(scrambled)];
  const [rows, columns] = before.shape;
  const rowOf = ({ values }: { values: Float32Array }, row: number) =>
    values.subarray(row * columns, (row + 1) * columns);

  it("has the values of each row in another order, each row in its own", () => {
    for (const row of [0, 1, rows - 1]) {
      expect(rowOf(after, row).toSorted()).toEqual(rowOf(before, row).toSorted());
      expect(rowOf(after, row)).not.toEqual(rowOf(before, row));
    }
    const moved = (row: number) => rowOf(after, row).map((value) => rowOf(before, row).indexOf(value));
    expect(moved(0)).not.toEqual(moved(1));
  });

  it("is the same when some rows are read, or turned", () => {
    const some = readTensorRows(scrambled, MATRIX, after.shape, [2, 5, 6]);
    expect(some.subarray(columns, 2 * columns)).toEqual(rowOf(after, 5));
    const turned = readTransposedRows(scrambled, MATRIX, after.shape, 4, 3);
    expect(Float32Array.from({ length: columns }, (_, i) => turned[3 * i + 1])).toEqual(rowOf(after, 5));
  });

  it("is another one of another seed, and the same of the same", () => {
    expect(matrixOf(scrambleWeights(original, "0")).values).toEqual(after.values);
    expect(matrixOf(scrambleWeights(original, "1")).values).not.toEqual(after.values);
  });

  it("leaves the checkpoint that it is made of as it is", () => {
    expect(matrixOf(original).values).toEqual(before.values);
    expect(original.tensors.get(MATRIX)).not.toHaveProperty("rowSeed");
  });
});

test.each(["gguf-llama", "gpt2-bin", "llama-rope-llama3"])("%s: every tensor keeps the values of its rows", (name) => {
  const checkpoint = openCheckpoint(path(`tests/fixtures/models/${name}`));
  const changed = scrambleWeights(checkpoint, "0");
  let others = 0;
  for (const [key, tensor] of checkpoint.tensors) {
    if (!isPlainType(tensor.elementType) && !isQuantizedType(tensor.elementType)) continue; // GPT-2's masks
    const [before, after] = [readValues(tensor), readValues(changed.tensors.get(key)!)];
    expect(after.toSorted()).toEqual(before.toSorted());
    if (!after.every((value, i) => value === before[i])) others++;
  }
  expect(others).toBeGreaterThan(3);
});

test("what is read as bytes is refused", () => {
  expect(() => readStoredBytes(scrambled.tensors.get(MATRIX)!)).toThrow("weights in MXFP4 cannot be scrambled");
});

test("parts of a tensor have orders of their own", () => {
  const file = { ...original.tensors.get(MATRIX)! };
  const columns = file.shape[1];
  const stacked = { ...file, shape: [2, file.shape[0] / 2, columns], rowSeed: "0" };
  const plain = { ...stacked, rowSeed: undefined };
  const moved = (part: number) => {
    const [before, after] = [plain, stacked].map((tensor) => readValues(partOf(tensor, part)).subarray(0, columns));
    return after.map((value) => before.indexOf(value));
  };
  expect(moved(0)).not.toEqual(moved(1));
});

describe("beside the model that it is made of", () => {
  beforeAll(() => chooseBackend("wasm"));

  it("is a model of its own, with a name of its own, whichever is loaded first", async () => {
    const text = "The tide came in over the flats, and the boats began to stir.";
    const [first, second] = [await loadModel(original), await loadModel(scrambled)];
    const [one, other, again] = [
      await first.run(text),
      await second.run(text),
      await (await loadModel(original)).run(text),
    ];
    expect(second.name).toBe("llama-mini, scrambled 0");
    expect(again.loss).toBe(one.loss);
    expect(other.loss).toBeGreaterThan(one.loss + 2);
    // As kept on disk.
    expect((await second.run(text)).loss).toBe(other.loss);
  });
});
