import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { readDelimitedArray } from "./delimited";

function read(content: string | Buffer, wanted?: string, name = "points.csv"): number[][] {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  const { shape, data } = readDelimitedArray(path, wanted);
  return Array.from({ length: shape[0] }, (_, i) => Array.from(data.subarray(i * shape[1], (i + 1) * shape[1])));
}

test.each<[string, string, number[][], string?]>([
  [
    "Windows' line ends, a byte order mark, spaces and an empty line",
    "\ufeffx, y\r\n1, 2\r\n\r\n-.5,+1.e3\r\n",
    [
      [1, 2],
      [-0.5, 1000],
    ],
  ],
  ["quoted numbers and names with commas", '"a,b",c\n"1","2"\n', [[1, 2]]],
  ["a name with a comma, asked for", '"a,b",c\n1,2\n', [[1]], "a,b"],
  [
    "columns in the order of the names",
    "a,b,c\n1,2,3\n4,5,6\n",
    [
      [3, 1],
      [6, 4],
    ],
    "c,a",
  ],
  [
    "all columns that begin alike",
    "id,e0,e1,word\n7,1,2,x\n8,3,4,y\n",
    [
      [1, 2],
      [3, 4],
    ],
    "e*",
  ],
  [
    "semicolons",
    "1.5;2\n3;4\n",
    [
      [1.5, 2],
      [3, 4],
    ],
  ],
  ["one column", "0.5\n1\n2\n", [[0.5], [1], [2]]],
  [
    "labels of rows by R and pandas, of two levels",
    ",,x,y\na,0,1,2\nb,1,3,4\n",
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [
    "labels of rows that have been through a file",
    "Unnamed: 0,x,y\n0,1,2\n1,3,4\n",
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ["a large integer that is a float64", "x\n100000000000000000000\n", [[1e20]]],
  ["counting names over decimals", "0,1\n0.5,1e-05\n", [[0.5, 1e-5]]],
])("%s", (_, content, points, wanted) => {
  expect(read(content, wanted)).toEqual(points);
});

test.each<[string, string, RegExp, string?]>([
  ["an empty cell", "x,y\n1,2\n3,\n", /line 3, column y: is empty/],
  ["nan", "1,2\n3,nan\n", /line 2, column 1: holds "nan"/],
  ["a decimal comma", "x;y\n1,5;2,5\n", /line 2/],
  ["hexadecimal and other spellings of JavaScript", "x\n0x10\n", /line 2, column x: holds "0x10"/],
  ["a line that is too short", "1,2,3\n4,5\n", /line 2 has 2 cells, the first one has 3/],
  ["a line that is too long", "1,2\n\n3,4,5\n", /line 3 has 3 cells, the first one has 2/],
  [
    "an integer that float64 lacks",
    "x\n9007199254740993\n",
    /line 2, column x: 9007199254740993 is an integer beyond 2\^53/,
  ],
  ["two columns of one name", "x,x\n1,2\n", /two columns are called x/],
  ["no such column", "x,y\n1,2\n", /no column z; there are x \(numbers\), y \(numbers\)/, "z"],
  ["points of a grid that begin as names do", "0,1\n1,1\n", /the first line, 0,1\.\., may be a point/],
  ["years over decimals", "2019,2020\n0.5,1.5\n2.5,3.5\n", /the first line, 2019,2020\.\., may be a point, or names/],
  ["names and no points, or one point", "0,1\n", /may be a point/],
  ["a quote that does not end", 'x,y\n1,"2\n', /line 2/],
])("%s is refused", (_, content, message, wanted) => {
  expect(() => read(content, wanted)).toThrow(message);
});

test("points without names that begin with integers", () => {
  expect(read("0,0\n0.5,1.5\n2.5,3.5\n")).toHaveLength(3);
  expect(read("1,2\n3,4\n5,7\n")).toHaveLength(3);
  expect(read("1,2\n3,4.5\n")).toHaveLength(2);
});

test("bytes that are no UTF-8, and nothing at all", () => {
  expect(() => read(Buffer.from([0x31, 0xff, 0x0a]))).toThrow(/is no text in UTF-8/);
  expect(read("")).toEqual([]);
});
