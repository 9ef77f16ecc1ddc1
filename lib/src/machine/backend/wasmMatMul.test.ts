import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { randomGenerator } from "../support/random";
import { chooseBackend } from "./backend";
import { BLAS_VARIABLE, findBlas } from "./blas";
import { FUSED_PRODUCTS, PLAIN_PRODUCTS } from "./productBinaries";
import { type Multiplier, multiply } from "./products";
import type { WasmBackend } from "./wasmHeap";
import { wasmBlas } from "./wasmMatMul";
import { openWasmProducts, wasmProducts } from "./wasmProducts";

/** What the user of the tests has set; nothing, unless he wants another library tested. */
const wished = process.env[BLAS_VARIABLE] ?? "";
const { blas } = findBlas();
if (!blas) console.warn(`NOT TESTED: products by a BLAS library: ${findBlas().why}`);

afterEach(() => vi.unstubAllEnvs());

const generate = randomGenerator("products");
const randomValues = (length: number) => Float32Array.from({ length }, () => 2 * generate() - 1);
const tensor = (shape: number[]): tf.Tensor => tf.tensor(randomValues(tf.util.sizeFromShape(shape)), shape);

/** The product of two matrices [rows, inner] and [inner, columns], either transposed, in double precision. */
function byDefinition(a: ArrayLike<number>, b: ArrayLike<number>, shape: Parameters<typeof multiply>[4]): number[] {
  const { rows, columns, inner, transposeLeft, transposeRight } = shape;
  const at = (row: number, column: number) => {
    let sum = 0;
    for (let i = 0; i < inner; i++) {
      sum +=
        a[transposeLeft ? i * rows + row : row * inner + i] *
        b[transposeRight ? column * inner + i : i * columns + column];
    }
    return sum;
  };
  return Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, inner: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = Array.from(expected, (value, i) => Math.abs(value - actual[i])).reduce((a, b) => Math.max(a, b), 0);
  expect(worst).toBeLessThan(2e-7 * (inner + 4));
}

describe.each([
  ["with fused multiply-add", FUSED_PRODUCTS],
  ["without", PLAIN_PRODUCTS],
])("the kernels of the project, compiled %s", (_, binary) => {
  /** Where matrices lie that they multiply. */
  async function openIn(): Promise<{ multiplier: Multiplier; room: Float32Array; dispose: () => void }> {
    await chooseBackend("wasm");
    const backend = tf.backend() as WasmBackend;
    wasmProducts(backend); // Where Node has to be told of relaxed SIMD, it is now.
    const multiplier = openWasmProducts(backend, Buffer.from(binary, "base64"));
    const length = 2 ** 20;
    const at = backend.wasm._malloc(4 * length);
    const room = new Float32Array(backend.wasm.HEAPU8.buffer, at, length);
    return { multiplier, room, dispose: () => backend.wasm._free(at) };
  }

  test("multiply matrices of every shape, either transposed, into a result or onto one", async () => {
    const { multiplier, room, dispose } = await openIn();
    const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(31, 32, 33, 64, 67));
    const length = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(255, 256, 257, 515));
    const shapes = fc.record({
      rows: size,
      columns: size,
      inner: length,
      transposeLeft: fc.boolean(),
      transposeRight: fc.boolean(),
    });
    fc.assert(
      fc.property(shapes, fc.boolean(), fc.integer({ min: 0, max: 3 }), (shape, add, offset) => {
        const { rows, columns, inner } = shape;
        let taken = offset; // Tensors need not begin where a vector of four would.
        const take = (count: number) => {
          taken += count;
          return room.subarray(taken - count, taken);
        };
        const [left, right, result] = [rows * inner, inner * columns, rows * columns].map(take);
        left.set(randomValues(left.length));
        right.set(randomValues(right.length));
        result.fill(add ? 2 : Number.NaN);
        const behind = take(8).fill(7);
        multiply(multiplier, left, right, result, shape, add);
        const expected = byDefinition(left, right, shape).map((value) => (add ? value + 2 : value));
        expectClose(result, expected, inner);
        expect([...behind]).toEqual(Array(8).fill(7));
      }),
      { numRuns: 300, seed: 5 },
    );
    dispose();
  });

  test("multiply more columns than a block has, more rows, more terms", async () => {
    const { multiplier, room, dispose } = await openIn();
    const shape = { rows: 37, columns: 1100, inner: 300, transposeLeft: false, transposeRight: true };
    const [left, right] = [room.subarray(0, 37 * 300), room.subarray(40_000, 40_000 + 300 * 1100)];
    const result = room.subarray(500_000, 500_000 + 37 * 1100);
    left.set(randomValues(left.length));
    right.set(randomValues(right.length));
    multiply(multiplier, left, right, result, shape);
    expectClose(result, byDefinition(left, right, shape), 300);
    dispose();
  });
});

describe.each(["the kernels of the project", "a BLAS library"])("WebAssembly's products by %s", (who) => {
  const library = who === "a BLAS library" ? blas : undefined;
  const there = test.skipIf(who === "a BLAS library" && !blas);

  beforeEach(async () => {
    vi.stubEnv(BLAS_VARIABLE, library ? wished : "off");
    await chooseBackend("wasm");
  });

  there("are in use", async () => {
    expect(wasmBlas()).toBe(library);
    if (!library) expect((await chooseBackend("wasm")).device).toBe("WebAssembly, one thread");
  });

  there.each([
    [
      [5, 7],
      [7, 3],
    ],
    [
      [4, 5, 7],
      [4, 7, 3],
    ],
    [
      [4, 5, 7],
      [1, 7, 3],
    ],
    [
      [1, 5, 7],
      [4, 7, 3],
    ],
    [
      [2, 3, 5, 7],
      [2, 3, 7, 4],
    ],
    [
      [300, 40],
      [40, 200],
    ],
  ])("%j times %j, plain and transposed", async (a, b) => {
    const [left, right] = [tensor(a), tensor(b)];
    const flipped = (matrices: tf.Tensor) =>
      tf.transpose(matrices, [...matrices.shape.keys()].slice(0, -2).concat([matrices.rank - 1, matrices.rank - 2]));
    const [leftFlipped, rightFlipped] = [flipped(left), flipped(right)];
    const [[rows, inner], columns] = [a.slice(-2), b.at(-1)!];
    const before = tf.memory().numTensors;
    const matrices = (all: tf.Tensor, size: number) => {
      const values = all.dataSync();
      return (index: number) =>
        values.subarray((index * size) % values.length, ((index * size) % values.length) + size);
    };
    const [leftAt, rightAt] = [matrices(left, rows * inner), matrices(right, inner * columns)];
    const shape = { rows, columns, inner, transposeLeft: false, transposeRight: false };
    const count = Math.max(left.size / (rows * inner), right.size / (inner * columns));
    const expected = Array.from({ length: count }, (_, i) => byDefinition(leftAt(i), rightAt(i), shape)).flat();
    for (const product of [
      tf.matMul(left, right),
      tf.matMul(leftFlipped, right, true),
      tf.matMul(left, rightFlipped, false, true),
      tf.matMul(leftFlipped, rightFlipped, true, true),
    ]) {
      expect(product.shape.slice(-2)).toEqual([rows, columns]);
      expectClose(product.dataSync(), expected, inner);
      product.dispose();
    }
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([left, right, leftFlipped, rightFlipped]);
  });

  there("batches that are broadcast on both sides", async () => {
    const [left, right] = [tensor([2, 1, 3, 4]), tensor([1, 3, 4, 2])];
    const product = tf.matMul(left, right);
    expect(product.shape).toEqual([2, 3, 3, 2]);
    const parts = [0, 1].flatMap((i) =>
      [0, 1, 2].map((j) => {
        const part = tf.matMul(
          tf.reshape(tf.slice(left, [i, 0, 0, 0], [1, 1, 3, 4]), [3, 4]),
          tf.reshape(tf.slice(right, [0, j, 0, 0], [1, 1, 4, 2]), [4, 2]),
        );
        return [...part.dataSync()];
      }),
    );
    expect([...product.dataSync()]).toEqual(parts.flat());
  });

  // The last one is left to tfjs.
  there.each(["linear", "relu", "relu6", "sigmoid", "elu"] as const)("with a bias and %s", (activation) => {
    const [a, b] = [tensor([9, 6]) as tf.Tensor2D, tensor([6, 11]) as tf.Tensor2D];
    const bias = tensor([11]);
    const activate = {
      linear: (x: number) => x,
      relu: (x: number) => Math.max(x, 0),
      relu6: (x: number) => Math.min(Math.max(x, 0), 6),
      sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
      elu: (x: number) => (x > 0 ? x : Math.expm1(x)),
    }[activation];
    const shape = { rows: 9, columns: 11, inner: 6, transposeLeft: false, transposeRight: false };
    const offsets = bias.dataSync();
    const expected = byDefinition(a.dataSync(), b.dataSync(), shape).map((x, i) => activate(x + offsets[i % 11]));
    const before = tf.memory().numTensors;
    const result = tf.fused.matMul({ a, b, bias, activation });
    expectClose(result.dataSync(), expected, 6);
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([a, b, bias, result]);
  });

  there("other numbers than float32 are refused as before", () => {
    const whole = tf.ones([2, 2], "int32");
    expect(() => tf.matMul(whole, whole)).toThrow(/non-float32/);
    whole.dispose();
  });

  there("when WebAssembly's memory grows under it", async () => {
    const heap = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.byteLength;
    const [a, b] = [tf.ones([3000, 2]), tf.fill([2, 3000], 2)];
    const [before, kept] = [heap(), [] as tf.Tensor[]];
    while (heap() === before) kept.push(tf.matMul(a, b));
    const grown = kept.at(-1)!;
    expect((await grown.data()).every((value) => value === 4)).toBe(true);
    tf.dispose([a, b, ...kept]);
  });

  there("when WebAssembly's memory is full, an error says so and nothing is overwritten", () => {
    const backend = tf.backend() as unknown as {
      makeOutput(shape: number[], dtype: string, offset: number): tf.TensorInfo;
    };
    const { makeOutput } = backend;
    const full = vi.spyOn(backend, "makeOutput").mockImplementation((shape, dtype) => {
      return makeOutput.call(backend, shape, dtype, 0); // What its allocator answers then.
    });
    const a = tf.ones([2, 2]);
    expect(() => tf.matMul(a, a)).toThrow("WebAssembly's memory (4 GB at most) is full");
    full.mockRestore();
    a.dispose();
  });
});
