import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { UserError } from "../machine/support/errors";
import { randomGenerator } from "../machine/support/random";
import { loadPrompts } from "./prompts";
import { pythonStrip } from "./strip";

const PARQUET = join(__dirname, "../../../tests/fixtures/parquet");
const folder = mkdtempSync(join(tmpdir(), "prompts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function save(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** What Python's str.strip makes of the texts of the Parquet fixtures, by row. */
const { stripped } = JSON.parse(readFileSync(join(PARQUET, "expected.json"), "utf8")) as {
  stripped: (string | null)[];
};
const kept = (name: string) =>
  stripped.map((text, row) => ({ name: `${name}-${row}`, text: text ?? "" })).filter(({ text }) => text !== "");

describe("pythonStrip", () => {
  test("removes what str.isspace knows, and nothing else", () => {
    const removed = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u200a\u2028\u2029\u202f\u205f\u3000";
    for (const character of removed)
      expect(pythonStrip(`${character}a${character}b${character}`)).toBe(`a${character}b`);
    for (const character of "\ufeff\u200b\u180e\0\x1b\u2060") {
      expect(pythonStrip(`${character}a${character}`)).toBe(`${character}a${character}`);
    }
    expect(pythonStrip(removed)).toBe("");
    expect(pythonStrip("")).toBe("");
  });

  test("takes linear time", () => {
    const started = performance.now();
    expect(pythonStrip(`a${" ".repeat(1_000_000)}b${" ".repeat(1_000_000)}`)).toHaveLength(1_000_002);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe("texts", () => {
  test("the embedded ones", async () => {
    const prompts = await loadPrompts("embedded");
    expect(prompts).toHaveLength(48);
    expect(prompts[0].name).toBe("api-reference-parcel-lockers");
    expect(await loadPrompts("embedded", 2)).toEqual(prompts.slice(0, 2));
  });

  test(".txt, .jsonl and a folder", async () => {
    expect(await loadPrompts(save("one.txt", "\ufeff a text \n"))).toEqual([{ name: "one", text: "\ufeff a text" }]);
    const lines = '{"text":" a ","name":"first"}\n\n"b"\n{"text":"c"}\n';
    const expected = [
      { name: "first", text: "a" },
      { name: "some-3", text: "b" },
      { name: "some-4", text: "c" },
    ];
    expect(await loadPrompts(save("some.jsonl", lines))).toEqual(expected);
    mkdirSync(join(folder, "texts"));
    for (const name of ["b", "a"]) save(`texts/${name}.txt`, name);
    save("texts/c.md", "not this one");
    expect((await loadPrompts(join(folder, "texts"))).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test.each<[string, () => string, RegExp]>([
    ["nothing of that name", () => join(folder, "none.txt"), /no such file or folder of prompts/],
    ["an empty text", () => save("empty.txt", " \n"), /the prompt empty is empty/],
    ["no UTF-8", () => save("latin.txt", Buffer.from([0x61, 0xe9])), /latin\.txt: is not UTF-8/],
    ["a line that is no JSON", () => save("bad.jsonl", '"a"\n{'), /bad\.jsonl: line 2 is not JSON/],
    ["a line without text", () => save("other.jsonl", "7"), /other\.jsonl: line 1 has no text/],
    ["an empty file", () => save("none.jsonl", ""), /holds no prompts/],
  ])("refuses %s", async (_title, source, message) => {
    const path = source();
    await expect(loadPrompts(path)).rejects.toThrow(UserError);
    await expect(loadPrompts(path)).rejects.toThrow(message);
  });

  test("refuses a wrong number", async () => {
    await expect(loadPrompts("embedded", 49)).rejects.toThrow(/holds 48 prompts, fewer than the 49/);
    for (const count of [0, -1, 1.5, Number.NaN])
      await expect(loadPrompts("embedded", count)).rejects.toThrow(/number/);
  });
});

describe("Parquet", () => {
  test.each(["none", "snappy", "zstd", "gzip", "brotli", "lz4", "pages-v2", "plain-large"])("%s", async (name) => {
    expect(await loadPrompts(join(PARQUET, `${name}.parquet`))).toEqual(kept(name));
  });

  test("so many of them", async () => {
    const source = join(PARQUET, "zstd.parquet");
    for (const count of [1, 5, 6, 10]) expect(await loadPrompts(source, count)).toEqual(kept("zstd").slice(0, count));
    await expect(loadPrompts(source, 11)).rejects.toThrow(/holds 10 prompts, fewer than the 11/);
  });

  test("the only column of texts, or the one that is named", async () => {
    expect(await loadPrompts(join(PARQUET, "other-name.parquet"))).toEqual(kept("other-name"));
    expect(await loadPrompts(`${join(PARQUET, "other-name.parquet")}:story`)).toEqual(kept("other-name"));
    expect(await loadPrompts(`${join(PARQUET, "two-columns.parquet")}:answer`)).toEqual([
      { name: "two-columns-0", text: "a0" },
      { name: "two-columns-1", text: "a1" },
    ]);
  });

  const cut = () => save("cut.parquet", readFileSync(join(PARQUET, "zstd.parquet")).subarray(0, -9));
  test.each<[string, () => string, RegExp]>([
    ["two columns without a choice", () => join(PARQUET, "two-columns.parquet"), /name the column.*question, answer/],
    ["no column of texts", () => join(PARQUET, "no-texts.parquet"), /columns of texts: none/],
    ["a column that is not there", () => `${join(PARQUET, "zstd.parquet")}:words`, /no column words; .*: text/],
    ["a column of numbers", () => `${join(PARQUET, "zstd.parquet")}:number`, /column number holds no texts/],
    ["a column inside another", () => `${join(PARQUET, "zstd.parquet")}:pile_set_name`, /no column pile_set_name/],
    ["no UTF-8", () => join(PARQUET, "not-utf8.parquet"), /not-utf8\.parquet: not a Parquet file that can be read/],
    ["a cut file", cut, /cut\.parquet: not a Parquet file/],
    ["something else", () => save("else.parquet", "<html>"), /else\.parquet: not a Parquet file/],
    ["an empty file", () => save("zero.parquet", ""), /zero\.parquet: not a Parquet file/],
    ["nothing of that name", () => `${join(folder, "none.parquet")}:text`, /none\.parquet:text: no such file/],
  ])("refuses %s", async (_title, source, message) => {
    const path = source();
    await expect(loadPrompts(path)).rejects.toThrow(UserError);
    await expect(loadPrompts(path)).rejects.toThrow(message);
  });

  test("random damage gives one clear error, or texts", async () => {
    const original = readFileSync(join(PARQUET, "snappy.parquet"));
    const random = randomGenerator("parquet");
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(original);
      for (let i = 0; i < 3; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      try {
        await loadPrompts(save("damaged.parquet", bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
  });
});
