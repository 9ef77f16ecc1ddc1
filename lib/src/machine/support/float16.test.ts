import { expect, test } from "vitest";
import { fromFloat16, toFloat16 } from "./float16";

/** By IEEE 754: sign, 5 bits of exponent with the bias 15, 10 bits of fraction. */
const EXACT: [number, number][] = [
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [2 ** -14, 0x0400],
  [1023 * 2 ** -24, 0x03ff],
  [2 ** -24, 0x0001],
  [Number.POSITIVE_INFINITY, 0x7c00],
  [Number.NEGATIVE_INFINITY, 0xfc00],
];

test("numbers that half precision has", () => {
  for (const [value, bits] of EXACT) {
    expect(toFloat16(Float32Array.of(value))[0], String(value)).toBe(bits);
    expect(Object.is(fromFloat16(Uint16Array.of(bits))[0], value), String(value)).toBe(true);
  }
  expect(fromFloat16(toFloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
});

test("all 65536 come back as they were, but for the many that are no number", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const values = fromFloat16(bits);
  const again = toFloat16(values);
  for (const [i, value] of values.entries()) if (!Number.isNaN(value)) expect(again[i]).toBe(bits[i]);
});

test("others go to the nearest, ties to the even one", () => {
  const rounded = (value: number) => fromFloat16(toFloat16(Float32Array.of(value)))[0];
  expect(rounded(1 + 2 ** -11)).toBe(1);
  expect(rounded(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
  expect(rounded(1 + 2 ** -11 + 2 ** -20)).toBe(1 + 2 ** -10);
  expect(rounded(2 - 2 ** -12)).toBe(2);
  expect(rounded(2 ** -25)).toBe(0);
  expect(rounded(3 * 2 ** -25)).toBe(2 ** -23);
  expect([rounded(65519), rounded(65520), rounded(-1e9)]).toEqual([65504, Infinity, -Infinity]);
});
