import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { UserError } from "../support/errors";
import { BLAS_VARIABLE, type Blas, findBlas } from "./blas";
import { multiply, prove } from "./products";

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
