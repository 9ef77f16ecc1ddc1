import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pythonStrip } from "./strip";

/** The code points that Python's str.strip removes. */
const { codePoints }: { codePoints: number[] } = JSON.parse(
  readFileSync(join(__dirname, "../../../tests/fixtures/whitespace.json"), "utf8"),
);

test("strips exactly what Python strips, of all code points", () => {
  const stripped: number[] = [];
  for (let point = 0; point <= 0x10ffff; point++) {
    const character = String.fromCodePoint(point);
    const left = pythonStrip(`${character}a`).length === 1;
    const right = pythonStrip(`a${character}`).length === 1;
    if (left !== right) throw new Error(`U+${point.toString(16)} is stripped at one end only`);
    if (left) stripped.push(point);
  }
  expect(stripped).toEqual(codePoints);
});

test("all of it at both ends, nothing inside", () => {
  const all = String.fromCodePoint(...codePoints);
  expect(pythonStrip(`${all}${all}a${all}b${all}`)).toBe(`a${all}b`);
  expect(pythonStrip(all)).toBe("");
});
