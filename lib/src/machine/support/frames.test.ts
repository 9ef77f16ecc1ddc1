import { expect, test } from "vitest";
import { FrameReader, frameOf } from "./frames";

test("values come out as they went in, in whatever pieces their bytes arrive", () => {
  const values = [
    { text: "−1 ä", missing: undefined, none: null },
    Number.NaN,
    new Float32Array([1, 2.5]),
    "x".repeat(5000),
  ];
  const bytes = Buffer.concat(values.map(frameOf));
  for (const size of [1, 3, 7, 1000, bytes.length]) {
    const reader = new FrameReader();
    const found: unknown[] = [];
    for (let start = 0; start < bytes.length; start += size)
      found.push(...reader.take(bytes.subarray(start, start + size)));
    expect(found).toEqual(values);
  }
  expect(new FrameReader().take(bytes.subarray(0, 4))).toEqual([]);
});
