import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { UserError } from "../machine/support/errors";
import { loadTokenizer } from "./tokenizer";

const FIXTURE = join(__dirname, "../../../tests/fixtures/byte-pair");
const expected = JSON.parse(readFileSync(join(FIXTURE, "expected.json"), "utf8")) as { text: string; ids: number[] }[];
const folder = mkdtempSync(join(tmpdir(), "byte-pair-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function copy(changes: Record<string, string>): string {
  const target = join(folder, String(count++));
  cpSync(FIXTURE, target, { recursive: true });
  for (const [name, content] of Object.entries(changes)) writeFileSync(join(target, name), content);
  return target;
}

describe("vocab.json and merges.txt", () => {
  test.each(expected.map(({ text, ids }) => [JSON.stringify(text.slice(0, 40)), text, ids] as const))(
    "the tokens of transformers: %s",
    (_title, text, ids) => {
      expect(loadTokenizer(FIXTURE).encode(text)).toEqual(ids);
    },
  );

  test("tokens back to text", () => {
    const [{ text, ids }] = expected;
    expect(loadTokenizer(FIXTURE).pieces(ids).join("")).toBe(text);
  });

  test("a space in front, if the settings ask for it", () => {
    const config = {
      ...JSON.parse(readFileSync(join(FIXTURE, "tokenizer_config.json"), "utf8")),
      add_prefix_space: true,
    };
    const tokenizer = loadTokenizer(copy({ "tokenizer_config.json": JSON.stringify(config) }));
    expect(tokenizer.encode("the")).toEqual(loadTokenizer(FIXTURE).encode(" the"));
  });

  test("line ends of Windows", () => {
    const merges = readFileSync(join(FIXTURE, "merges.txt"), "utf8").replaceAll("\n", "\r\n");
    const [{ text, ids }] = expected;
    expect(loadTokenizer(copy({ "merges.txt": merges })).encode(text)).toEqual(ids);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      "a vocabulary of another kind",
      { "vocab.json": '{"hello": 0, "##lo": 1}' },
      /vocab\.json: not the vocabulary of a byte/,
    ],
    ["a vocabulary that is none", { "vocab.json": '{"\u0120": "x"}' }, /vocab\.json: not the vocabulary/],
    ["a negative id", { "vocab.json": '{"\u0120": -1}' }, /vocab\.json: not the vocabulary/],
    ["a merge that is no pair", { "merges.txt": "#version: 0.2\na b\na b c\n" }, /merges\.txt: line 3 is no pair/],
  ])("refuses %s", (_title, changes, message) => {
    const changed = copy(changes);
    expect(() => loadTokenizer(changed)).toThrow(UserError);
    expect(() => loadTokenizer(changed)).toThrow(message);
  });
});
