import { describe, expect, test } from "vitest";
import { parseTable } from "./textTable";

describe("prompts of tables", () => {
  test("comma-separated and tab-separated, with quotes, line breaks and a byte-order mark", () => {
    const csv = '\uFEFFname,text\r\nebb,"The tide, ""going""\nout"\r\n\r\nflood, in \r\n';
    const expected = [
      { name: "ebb", text: 'The tide, "going"\nout' },
      { name: "flood", text: "in" },
    ];
    expect(parseTable("folder/tides.csv", csv)).toEqual(expected);
    const tsv = "text\tyear\nA tide, a mill\t1784\nAnother\t1785\n";
    expect(parseTable("mills.tsv", tsv)).toEqual([
      { name: "mills-1", text: "A tide, a mill" },
      { name: "mills-2", text: "Another" },
    ]);
  });

  test("names that are there twice, or empty, have the row behind them or are the row's", () => {
    const named = (...names: string[]) =>
      parseTable("a.jsonl", names.map((name) => JSON.stringify({ name, text: "t" })).join("\n")).map(
        ({ name }) => name,
      );
    expect(named("ebb", "flood", "ebb")).toEqual(["ebb-1", "flood", "ebb-3"]);
    expect(named("", "x", " ")).toEqual(["a-1", "x", "a-3"]);
    expect(new Set(named("x", "x", "x-1", "x-2", "a-6", "")).size).toBe(6);
  });

  test("many equal names take no time", () => {
    const rows = Array.from({ length: 20_000 }, () => '{"name": "n", "text": "t"}');
    expect(new Set(parseTable("a.jsonl", rows.join("\n")).map(({ name }) => name)).size).toBe(20_000);
  });

  test("a column by its name, or the only one", () => {
    expect(parseTable("a.csv", "id,abstract\n1,one\n2,two\n", "abstract").map(({ text }) => text)).toEqual([
      "one",
      "two",
    ]);
    expect(parseTable("a.csv", "abstract\none\n")).toEqual([{ name: "a-1", text: "one" }]);
    expect(parseTable("a.jsonl", '{"id": 1, "abstract": "one"}\n', "abstract")).toEqual([{ name: "a-1", text: "one" }]);
  });

  test("lists in JSON", () => {
    const both = [{ name: "x", text: "one" }, "two"];
    const expected = [
      { name: "x", text: "one" },
      { name: "a-2", text: "two" },
    ];
    expect(parseTable("a.json", JSON.stringify(both))).toEqual(expected);
    expect(parseTable("a.jsonl", both.map((entry) => JSON.stringify(entry)).join("\n"))).toEqual(expected);
  });

  test.each<[string, string, string, string | undefined, string]>([
    [
      "no column of texts",
      "a.csv",
      "id,abstract\n1,one\n",
      undefined,
      "which column holds the texts? write a.csv:COLUMN; there are id, abstract",
    ],
    ["another column", "a.csv", "id,abstract\n1,one\n", "body", "has no column body; write a.csv:COLUMN"],
    ["a row with too few fields", "a.csv", "id,text\n1,one\n2\n", undefined, "row 2: Too few fields"],
    ["a row with too many", "a.csv", "id,text\n1,one,two\n", undefined, "row 1: Too many fields"],
    ["a quote that does not end", "a.csv", 'id,text\n1,"one\n', undefined, "Quoted field unterminated"],
    ["two columns of one name", "a.csv", "text,text\n1,one\n", undefined, "two columns are called text"],
    ["an object", "a.json", '{"text": "one"}', undefined, "is no list of texts"],
    ["no JSON", "a.json", "one, two", undefined, "is not JSON"],
    ["a line that is no JSON", "a.jsonl", '"one"\ntwo\n', undefined, "line 2 is not JSON"],
    ["numbers", "a.json", '[{"text": 3}]', undefined, "entry 1 has no text"],
  ])("%s is refused", (_, path, content, column, words) => {
    expect(() => parseTable(path, content, column)).toThrow(words);
  });
});
