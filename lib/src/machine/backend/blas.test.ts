import { spawnSync } from "node:child_process";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UserError } from "../support/errors";
import { randomGenerator } from "../support/random";
import { chooseBackend } from "./backend";
import { BLAS_VARIABLE, type Blas, findBlas, multiply, prove } from "./blas";
import { setWasmProducts, wasmBlas } from "./blasKernels";

/** What the user of the tests has set; nothing, unless he wants another library tested. */
const wished = process.env[BLAS_VARIABLE] ?? "";
const { blas } = findBlas();
if (!blas) console.warn(`NOT TESTED: products by a BLAS library: ${findBlas().why}`);

afterEach(() => vi.unstubAllEnvs());

describe("the search for a library", () => {
  test("can be switched off", () => {
    vi.stubEnv(BLAS_VARIABLE, "off");
    expect(findBlas()).toEqual({ why: `${BLAS_VARIABLE} says off` });
  });

  test("a library that is named and is not there, or is none for matrices, is an error", () => {
    vi.stubEnv(BLAS_VARIABLE, "/no/such/library.so");
    expect(findBlas).toThrow(UserError);
    expect(findBlas).toThrow(
      `${BLAS_VARIABLE} names /no/such/library.so, which cannot be used (there is no such file)`,
    );
    vi.stubEnv(BLAS_VARIABLE, __filename);
    expect(findBlas).toThrow(`${BLAS_VARIABLE} names ${__filename}, which cannot be used`);
  });

  test.skipIf(process.platform !== "linux")("a library without matrix products is refused", () => {
    vi.stubEnv(BLAS_VARIABLE, "libm.so.6");
    expect(findBlas).toThrow(/names libm\.so\.6, which cannot be used \(.*cblas_sgemm/);
  });

  test("one that multiplies wrong is found out, however it does", () => {
    const right: Blas["sgemm"] = (_, left, other, rows, columns, inner, alpha, a, lda, b, ldb, beta, c, ldc) => {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          let sum = 0;
          for (let i = 0; i < inner; i++) {
            sum +=
              a[left === 111 ? row * lda + i : i * lda + row] * b[other === 111 ? i * ldb + column : column * ldb + i];
          }
          c[row * ldc + column] = alpha * sum + (beta === 0 ? 0 : beta * c[row * ldc + column]);
        }
      }
    };
    const library = (sgemm: Blas["sgemm"]): Blas => ({ name: "a library", library: "", sgemm });
    expect(() => prove(library(right))).not.toThrow();
    expect(() => prove(library(() => {}))).toThrow("its product of [2, 4] and [4, 3] is wrong: NaN instead of");
    const wrong = (change: (given: Parameters<Blas["sgemm"]>) => void) =>
      library((...given) => {
        change(given);
        right(...given);
      });
    for (const transpose of [1, 2]) {
      const ignoring = wrong((given) => {
        given[transpose] = 111;
      });
      expect(() => prove(ignoring)).toThrow(/is wrong: /);
    }
    const forgetful = wrong((given) => {
      given[11] = 0;
    });
    expect(() => prove(forgetful)).toThrow(/is wrong: /);
    const untidy = library((...given) => {
      right(...given);
      given[12][given[3] * given[4]] = 0;
    });
    expect(() => prove(untidy)).toThrow("it writes past the result's end");
  });
});

describe.skipIf(!blas)("products by a library", () => {
  const shape = { rows: 2, columns: 2, inner: 3, transposeLeft: false, transposeRight: false };

  test("arrays that are too short are refused before the library sees them", () => {
    const [six, five, four] = [6, 5, 4].map((length) => new Float32Array(length));
    expect(() => multiply(blas!, five, six, four, shape)).toThrow(RangeError);
    expect(() => multiply(blas!, six, five, four, shape)).toThrow(RangeError);
    expect(() => multiply(blas!, six, six, new Float32Array(3), shape)).toThrow(RangeError);
  });

  test("no terms make zeros, or leave what is added to", () => {
    const nothing = new Float32Array(0);
    const result = Float32Array.of(1, 2, 3, 4);
    multiply(blas!, nothing, nothing, result, { ...shape, inner: 0 }, true);
    expect([...result]).toEqual([1, 2, 3, 4]);
    multiply(blas!, nothing, nothing, result, { ...shape, inner: 0 });
    expect([...result]).toEqual([0, 0, 0, 0]);
  });

  test("threads are as many as the environment says", () => {
    const script = `
      const { chooseBackend, describeBackend } = require(${JSON.stringify(join(__dirname, "../../../dist/machine/backend/backend.js"))});
      chooseBackend("wasm").then((choice) => console.log(describeBackend(choice)));`;
    const variables = { OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1", OMP_NUM_THREADS: "1", BLIS_NUM_THREADS: "1" };
    const { stdout } = spawnSync(process.execPath, ["-e", script], {
      encoding: "utf8",
      env: { ...process.env, ...variables },
    });
    expect(stdout.trim()).toBe(
      `backend wasm (WebAssembly, products by ${blas!.name}${blas!.threads ? ", 1 thread" : ""})`,
    );
  });
});

describe.skipIf(!blas)("WebAssembly's products by a library", () => {
  beforeEach(async () => {
    vi.stubEnv(BLAS_VARIABLE, wished);
    await chooseBackend("wasm");
  });

  const generate = randomGenerator("blas");
  const tensor = (shape: number[]): tf.Tensor =>
    tf.tensor(
      Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 2 * generate() - 1),
      shape,
    );

  /** The same with and without the library. */
  async function expectSame(run: () => tf.Tensor): Promise<void> {
    const values = async () => {
      const result = tf.tidy(run);
      const data = await result.data();
      result.dispose();
      return { shape: result.shape, data };
    };
    const before = tf.memory().numTensors;
    setWasmProducts(blas);
    const byLibrary = await values();
    setWasmProducts(undefined);
    const own = await values();
    setWasmProducts(blas);
    expect(tf.memory().numTensors).toBe(before);
    expect(byLibrary.shape).toEqual(own.shape);
    const differences = Array.from(own.data, (value, i) => Math.abs(byLibrary.data[i] - value));
    expect(differences.reduce((most, difference) => Math.max(most, difference))).toBeLessThan(1e-5);
  }

  test("the library is in use, and switched off without one", async () => {
    expect(wasmBlas()).toBe(blas);
    vi.stubEnv(BLAS_VARIABLE, "off");
    expect((await chooseBackend("wasm")).device).toBe("WebAssembly, one thread");
    expect(wasmBlas()).toBeUndefined();
  });

  test.each([
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
    await expectSame(() => tf.matMul(left, right));
    await expectSame(() => tf.matMul(leftFlipped, right, true));
    await expectSame(() => tf.matMul(left, rightFlipped, false, true));
    await expectSame(() => tf.matMul(leftFlipped, rightFlipped, true, true));
    tf.dispose([left, right, leftFlipped, rightFlipped]);
  });

  test("batches that are broadcast on both sides", async () => {
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

  // The last one is left to WebAssembly.
  test.each(["linear", "relu", "relu6", "sigmoid", "elu"] as const)("with a bias and %s", async (activation) => {
    const [a, b] = [tensor([9, 6]) as tf.Tensor2D, tensor([6, 11]) as tf.Tensor2D];
    const bias = tensor([11]);
    const run = () => tf.fused.matMul({ a, b, bias, activation });
    await expectSame(run);
    tf.dispose([a, b, bias]);
  });

  test("other numbers than float32 are refused as before", () => {
    const whole = tf.ones([2, 2], "int32");
    expect(() => tf.matMul(whole, whole)).toThrow(/non-float32/);
    whole.dispose();
  });

  test("when WebAssembly's memory grows under it", async () => {
    const heap = () => (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.byteLength;
    const [a, b] = [tf.ones([3000, 2]), tf.fill([2, 3000], 2)];
    const [before, kept] = [heap(), [] as tf.Tensor[]];
    while (heap() === before) kept.push(tf.matMul(a, b));
    const grown = kept.at(-1)!;
    expect((await grown.data()).every((value) => value === 4)).toBe(true);
    tf.dispose([a, b, ...kept]);
  });

  test("when WebAssembly's memory is full, an error says so and nothing is overwritten", () => {
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
