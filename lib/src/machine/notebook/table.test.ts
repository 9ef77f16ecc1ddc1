import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JSDOM } from "jsdom";
import { afterEach, describe, expect, it, vi } from "vitest";
import { saveTable, showTable, toDataFrame } from "./table";
import { tableHtml, tableText } from "./tableFormat";

const rows = [
  { model: "a<b>", id: 9.55123, p: 1e-44, n: 50 },
  { model: "c", id: 13.8912, p: 0.51, extra: null },
];
const table = {
  columns: ["model", "id", "p", "n", "extra"],
  cells: [
    ["a<b>", 9.55123, 1e-44, 50, null],
    ["c", 13.8912, 0.51, null, null],
  ],
};

afterEach(() => vi.restoreAllMocks());

describe("toDataFrame", () => {
  it("has the columns of all rows", () => {
    const frame = toDataFrame(rows);
    expect(frame.columns).toEqual(table.columns);
    expect(frame.values).toEqual(table.cells);
    expect(frame.column("id").mean()).toBeCloseTo((9.55123 + 13.8912) / 2, 10);
  });
});

describe("tables", () => {
  it("escape their content, and align numbers with equal decimals", () => {
    const document = new JSDOM(tableHtml(table, { caption: "<i>" })).window.document;
    const cells = [...document.querySelectorAll("tbody tr")].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
    expect(cells).toEqual([
      ["a<b>", "9.55", "1e-44", "50", "–"],
      ["c", "13.89", "0.5100", "–", "–"],
    ]);
    expect(document.querySelector("caption")?.textContent).toBe("<i>");
    const alignment = [...document.querySelectorAll<HTMLElement>("th")].map((cell) => cell.style.textAlign);
    expect(alignment).toEqual(["left", "right", "right", "right", "left"]);
  });

  it("of no rows say so", () => {
    expect(tableText({ columns: [], cells: [] }, { caption: "Who stands out" })).toBe("Who stands out\nno rows");
    const { document } = new JSDOM(tableHtml({ columns: [], cells: [] }, {})).window;
    expect(document.querySelector("tbody")?.textContent).toBe("no rows");
  });

  it("are text in columns where there is no HTML", () => {
    expect(
      tableText(
        {
          columns: ["x", "name"],
          cells: [
            [1, "a"],
            [20, "bc"],
          ],
        },
        {},
      ),
    ).toBe([" x  name", "--  ----", " 1  a", "20  bc"].join("\n"));
  });

  it("show numbers of any size, and what is not a number", () => {
    const format = (...values: unknown[]) =>
      tableText({ columns: ["v"], cells: values.map((value) => [value]) }, { digits: 3 })
        .split("\n")
        .slice(2)
        .map((line) => line.trim());
    expect(format(1234.5, 0.5)).toEqual(["1235", "1"]);
    expect(format(0.000012345, 0.00002)).toEqual(["1.23e-5", "2e-5"]);
    expect(format(3, 10000)).toEqual(["3", "10000"]);
    expect(format(1.5, Number.NaN, Number.POSITIVE_INFINITY)).toEqual(["1.50", "–", "Infinity"]);
    expect(format(0, 0.25)).toEqual(["0.000", "0.250"]);
    expect(format([1, 2], true)).toEqual(["[1,2]", "true"]);
    expect(format()).toEqual([]);
  });

  it("count the rows that they do not show", () => {
    const many = { columns: ["i"], cells: Array.from({ length: 7 }, (_, index) => [index]) };
    expect(tableText(many, { maximumRows: 5 })).toContain("… and 2 more rows");
    expect(tableHtml(many, { maximumRows: 5 })).toContain("… and 2 more rows");
  });

  it("are printed outside a notebook, from rows and from frames alike", () => {
    const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
    showTable(rows, { digits: 2 });
    showTable(toDataFrame(rows), { digits: 2 });
    expect(print.mock.calls[0][0]).toContain("14");
    expect(print.mock.calls[1][0]).toBe(print.mock.calls[0][0]);
  });
});

describe("saveTable", () => {
  it("writes CSV with quotes where needed and all digits", () => {
    const folder = mkdtempSync(join(tmpdir(), "table-"));
    try {
      const path = join(folder, "new", "table.csv");
      saveTable(
        [
          { text: 'a "b", c', value: 1 / 3 },
          { text: "two\nlines", value: null },
        ],
        path,
      );
      expect(readFileSync(path, "utf8")).toBe(`text,value\r\n"a ""b"", c",${1 / 3}\r\n"two\nlines",\r\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
