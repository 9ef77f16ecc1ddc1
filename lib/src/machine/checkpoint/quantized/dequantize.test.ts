import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT_ROOT } from "../../support/project";
import { dequantize, QUANTIZED_TYPES } from "./dequantize";

/** Random blocks with scales of all sizes, and what gguf 0.19 for Python makes of them. */
const fixtures: Record<string, { blocks: string; sha256: string; last: number[] }> = JSON.parse(
  readFileSync(join(PROJECT_ROOT, "tests/fixtures/quantized.json"), "utf8"),
);

test("every type has its fixture", () => {
  expect(Object.keys(fixtures).sort()).toEqual([...QUANTIZED_TYPES].sort());
});

test.each(QUANTIZED_TYPES)("%s: bit for bit the values of gguf", (type) => {
  const { blocks, sha256, last } = fixtures[type];
  const values = dequantize(type, Buffer.from(blocks, "base64"));
  expect([...values.subarray(-8)]).toEqual(last);
  expect(createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex")).toBe(sha256);
});

test.each(QUANTIZED_TYPES)("%s: blocks stand by themselves, wherever they lie in memory", (type) => {
  const bytes = Buffer.from(fixtures[type].blocks, "base64");
  const all = dequantize(type, bytes);
  const size = bytes.length / 12;
  const moved = new Uint8Array(size + 1);
  moved.set(bytes.subarray(7 * size, 8 * size), 1);
  const one = dequantize(type, moved.subarray(1));
  expect(one).toEqual(all.subarray(7 * one.length, 8 * one.length));
});
