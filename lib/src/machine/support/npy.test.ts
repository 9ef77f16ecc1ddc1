import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeNpy } from "../../../../tests/support/makeNpy";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { UserError } from "./errors";
import { toFloat16 } from "./float16";
import { parseNpy, readNpy, writeNpy } from "./npy";

/** What numpy.save (2.4.6) writes for np.array([[1, 2, 3], [4, 5, 6.5]], dtype="<f4") and np.array([0.1], dtype="<f8"). */
const NUMPY_FLOAT32 = `934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028322c2033292c207d${"20".repeat(58)}0a0000803f0000004000004040000080400000a0400000d040`;
const NUMPY_FLOAT64 = `934e554d5059010076007b276465736372273a20273c6638272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028312c292c207d${"20".repeat(60)}0a9a9999999999b93f`;

test("reads what NumPy writes, and writes it to the byte", () => {
  const path = join(temporaryFolder(), "array.npy");
  writeFileSync(path, Buffer.from(NUMPY_FLOAT32, "hex"));
  expect(readNpy(path)).toEqual({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) });
  expect(parseNpy(Buffer.from(NUMPY_FLOAT64, "hex"), "x")).toEqual({ shape: [1], data: Float64Array.of(0.1) });
  writeNpy(path, [2, 3], [Float32Array.of(1, 2), Float32Array.of(3, 4, 5, 6.5)]);
  expect(readFileSync(path).toString("hex")).toBe(NUMPY_FLOAT32);
  writeNpy(path, [1], [Float64Array.of(0.1)]);
  expect(readFileSync(path).toString("hex")).toBe(NUMPY_FLOAT64);
});

test("half precision is read as NumPy writes it, and written to the byte", () => {
  const path = join(temporaryFolder(), "array.npy");
  // numpy.save (1.26.4) of np.array([[1, -2.5, 65504], [6e-8, np.inf, 0.1]], dtype="<f2"), whose header differs in one letter.
  const header = NUMPY_FLOAT32.slice(0, 256).replace("3c6634", "3c6632");
  const halves = "003c00c1ff7b0100007c662e";
  writeFileSync(path, Buffer.from(header + halves, "hex"));
  const data = Float32Array.of(1, -2.5, 65504, 2 ** -24, Number.POSITIVE_INFINITY, 0.0999755859375);
  expect(readNpy(path)).toEqual({ shape: [2, 3], data });
  writeNpy(path, [2, 3], [toFloat16(Float32Array.of(1, -2.5, 65504, 6e-8, 7e4, 0.1))]);
  expect(readFileSync(path).toString("hex")).toBe(header + halves);
});

test("formats 2 and 3, whose headers have longer lengths", () => {
  const first = Buffer.from(NUMPY_FLOAT32, "hex");
  for (const version of [2, 3]) {
    const prefix = Buffer.from([...first.subarray(0, 6), version, 0, 118, 0, 0, 0]);
    expect(parseNpy(Buffer.concat([prefix, first.subarray(10)]), "x").shape).toEqual([2, 3]);
  }
});

test("a header that takes long to search is refused before", () => {
  const header = "'shape': (".repeat(200_000);
  const prefix = Buffer.from([0x93, ...Buffer.from("NUMPY"), 2, 0, 0, 0, 0, 0]);
  prefix.writeUInt32LE(header.length, 8);
  const started = performance.now();
  expect(() => parseNpy(Buffer.concat([prefix, Buffer.from(header)]), "x")).toThrow("header claims 2000000 bytes");
  expect(performance.now() - started).toBeLessThan(2000);
});

test("integers, booleans, the other byte order and Fortran order come as what NumPy says they are", () => {
  const dump = (type: string, order: "True" | "False", values: Uint8Array) => {
    const npy = makeNpy([], [2, 3], { type, order });
    return parseNpy(Buffer.concat([npy, values]), "x").data;
  };
  // numpy.save (2.4.6) of numpy.array([[1, -2, 3], [4, 5, -6]]) as these types and orders.
  expect(dump("|i1", "False", Buffer.from("01fe030405fa", "hex"))).toEqual(Float64Array.of(1, -2, 3, 4, 5, -6));
  expect(dump("|i1", "True", Buffer.from("0104fe0503fa", "hex"))).toEqual(Float64Array.of(1, -2, 3, 4, 5, -6));
  expect(dump(">i2", "False", Buffer.from("0001fffe000300040005fffa", "hex"))).toEqual(
    Float64Array.of(1, -2, 3, 4, 5, -6),
  );
  expect(dump(">f2", "True", Buffer.from("3c004400c00045004200c600", "hex"))).toEqual(
    Float32Array.of(1, -2, 3, 4, 5, -6),
  );
  expect(dump("|b1", "False", Buffer.from("010001000001", "hex"))).toEqual(Float64Array.of(1, 0, 1, 0, 0, 1));
});

test("integers up to 2^53, and not beyond", () => {
  const read = (type: string, ...values: bigint[]) =>
    parseNpy(
      Buffer.concat([makeNpy([], [values.length], { type }), Buffer.from(BigUint64Array.from(values).buffer)]),
      "x",
    );
  const largest = 2n ** 53n;
  expect(read("<i8", largest, BigInt.asUintN(64, -largest)).data).toEqual(Float64Array.of(2 ** 53, -(2 ** 53)));
  expect(read("<u8", largest).data).toEqual(Float64Array.of(2 ** 53));
  expect(() => read("<i8", 0n, largest + 1n)).toThrow("x: holds 9007199254740993 (value 1), an integer beyond 2^53");
  expect(() => read("<i8", BigInt.asUintN(64, -largest - 1n))).toThrow("holds -9007199254740993 (value 0)");
  expect(() => read("<u8", 2n ** 64n - 1n)).toThrow("holds 18446744073709551615");
});

test("any array comes back as it was", () => {
  const path = join(temporaryFolder(), "array.npy");
  const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
  const arrays = shapes.chain((shape) => {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    const lengths = { minLength: size, maxLength: size };
    const data = fc.oneof(fc.float32Array(lengths), fc.float64Array(lengths));
    return data.map((values) => ({ shape, data: values as Float32Array | Float64Array }));
  });
  fc.assert(
    fc.property(arrays, ({ shape, data }) => {
      writeNpy(path, shape, [data] as Float32Array[]);
      expect(readNpy(path)).toEqual({ shape, data });
      expect((readFileSync(path).indexOf("\n") + 1) % 64).toBe(0); // Data starts where NumPy's memory mapping wants it.
    }),
    { numRuns: 60, seed: 1 },
  );
});

test("damage is refused by name or leaves an array of the promised size, whatever it is", () => {
  const whole = makeNpy([1, 2, 3, 4, 5, 6], [3, 2]);
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(damage, fc.integer({ min: 0, max: whole.length }), (changes, length) => {
      const bytes = Buffer.from(whole);
      for (const [place, value] of changes) bytes[place] = value;
      try {
        const { shape, data } = parseNpy(bytes.subarray(0, length), "cloud.npy");
        expect(data).toHaveLength(shape.reduce((product, dimension) => product * dimension, 1));
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect((error as Error).message).toMatch(/^cloud\.npy: /);
      }
    }),
    { numRuns: 500, seed: 1 },
  );
});
