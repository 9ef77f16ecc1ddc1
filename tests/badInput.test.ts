/**
 * Prompts, token ids, point clouds and options that cannot be used, through the real program: one line that says what is
 * wrong and where, exit code 1, and nothing written.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { askProgram, expectRefusal, filesBelow, PROJECT, runProgram } from "./support/cli";
import { makeNpy, type NpyOptions } from "./support/makeNpy";
import { temporaryFolder } from "./support/notebooks";
import { copyModelWithTokenizer, MODEL_FIXTURES } from "./support/tinyModel";

const LLAMA = join(MODEL_FIXTURES, "llama-gqa");
const MINI = join(PROJECT, "data/models/llama-mini");

/** Runs `extract` with these options and expects to be refused. */
async function refusedExtract(model: string, folder: string, args: string[], words: (string | RegExp)[]) {
  const before = filesBelow(folder);
  expectRefusal(await askProgram(["extract", "--model", model, ...args, "--out", join(folder, "out.npy")]), ...words);
  expect(filesBelow(folder)).toEqual(before);
}

type PromptCase = [title: string, name: string, content: string | Buffer, args: string[], ...words: string[]];

/** Files of prompts: for `extract`, and for `run`, which takes several prompts of a given length. */
const TEXTS: PromptCase[] = [
  ["an empty text", "empty.txt", "", [], "empty.txt", "empty"],
  ["a text of whitespace", "blank.txt", " \n\t\u0085\u2003\u001c ", [], "blank.txt", "empty"],
  ["a text that is not UTF-8", "latin.txt", Buffer.from([0x63, 0x61, 0x66, 0xe9]), [], "latin.txt", "not UTF-8"],
  ["a text without a known character", "other.txt", "ï", [], "other.txt", "no tokens"],
];

const SETS: PromptCase[] = [
  ["a prompt shorter than asked", "short.txt", "just a few", ["--tokens", "64"], "short", "has 10 tokens", "64"],
  ["fewer prompts than asked", "one.txt", "some text", ["--count", "2"], "one.txt", "holds 1 prompts", "2"],
  ["a line that is not JSON", "set.jsonl", '{"text": "abcdefgh"}\n{"text": \n', [], "set.jsonl", "line 2"],
  ["a line without text", "set.jsonl", '{"text": "abcdefgh"}\n\n{"txt": "a"}', [], "set.jsonl", "line 3", "no text"],
  ["a line that is a number", "set.jsonl", "17\n", [], "set.jsonl", "line 1"],
  ["an empty line of text", "set.jsonl", '"abcdefgh"\n"  "\n', [], "set.jsonl", "set-2", "empty"],
  ["a file without lines", "set.jsonl", "\n\n", [], "set.jsonl", "holds no prompts"],
  ["a shuffle index too high", "text.txt", "abcdefgh", ["--shuffle", "0,2"], "shuffle index 2", "8 tokens"],
  ["tokens that cannot be cut evenly", "text.txt", "abcdefgh", ["--shuffle", "1", "--tokens", "6"], "equal blocks"],
  ["two tokens, which have no geometry", "text.txt", "abcdefgh", ["--tokens", "2"], "number of tokens 2", "at least 3"],
];

describe("prompts", () => {
  test.each(TEXTS)("extract: %s", async (_, name, content, args, ...words) => {
    const folder = temporaryFolder();
    const model = copyModelWithTokenizer(join(folder, "model"));
    writeFileSync(join(folder, name), content);
    await refusedExtract(model, folder, ["--text-file", join(folder, name), ...args], words);
  });

  test.each(SETS)("run: %s", async (_, name, content, args, ...words) => {
    const folder = temporaryFolder();
    const model = copyModelWithTokenizer(join(folder, "model"));
    writeFileSync(join(folder, name), content);
    const before = filesBelow(folder);
    const usual = ["run", "--model", model, "--prompts", join(folder, name), "--store", join(folder, "store")];
    expectRefusal(await askProgram([...usual, "--tokens", "8", ...args]), ...words);
    expect(filesBelow(folder)).toEqual(before);
  });

  test("a missing file, an empty folder, a folder as text", async () => {
    const folder = temporaryFolder();
    const missing = join(folder, "none.txt");
    await refusedExtract(MINI, folder, ["--text-file", missing], [missing, "no such file"]);
    mkdirSync(join(folder, "empty"));
    const run = ["run", "--model", MINI, "--store", join(folder, "store"), "--prompts", join(folder, "empty")];
    expectRefusal(await askProgram(run), join(folder, "empty"), "holds no prompts");
    await refusedExtract(MINI, folder, ["--text-file", join(folder, "empty")], [join(folder, "empty"), "folder"]);
  });
});

describe("token ids", () => {
  test.each([
    ["out of range", "llama-gqa", ["--ids", "1,2,96"], "token id 96 at position 2", "llama-gqa knows ids 0 to 95"],
    ["negative", "llama-gqa", ["--ids", "1,-2"], "--ids", "whole numbers"],
    ["empty", "llama-gqa", ["--ids", ""], "--ids", "whole numbers"],
    ["with a gap", "llama-gqa", ["--ids", "1,,2"], "--ids", "whole numbers"],
    ["a fraction", "llama-gqa", ["--ids", "1.5"], "--ids", "whole numbers"],
    ["beyond all whole numbers", "llama-gqa", ["--ids", "99999999999999999999"], "out of range"],
    ["more than the model has positions", "gpt2", ["--ids", "1,".repeat(200).slice(0, -1)], "200 tokens", "positions"],
    ["both ids and text", "llama-gqa", ["--ids", "1", "--text-file", "a.txt"], "either --text-file or --ids"],
    ["neither ids nor text", "llama-gqa", [], "either --text-file or --ids"],
    ["text without a tokenizer", "llama-gqa", ["--text-file", "LICENSE"], "llama-gqa", "tokenizer.json"],
  ])("%s", async (_, variant, args, ...words) => {
    await refusedExtract(join(MODEL_FIXTURES, variant), temporaryFolder(), args as string[], words as string[]);
  });
});

const POINTS = [0, 1, 5, 2, 7, 4, 3, 9];

type NpyCase = [title: string, content: Buffer, ...words: (string | RegExp)[]];

const lying = (options: NpyOptions) => makeNpy(POINTS, [4, 2], options);
const good = makeNpy(POINTS, [4, 2]);

const NPY: NpyCase[] = [
  ["an empty file", Buffer.alloc(0), "not a .npy file"],
  ["another kind of file", Buffer.from("x,y\n1,2\n3,4\n5,6\n7,8\n"), "not a .npy file"],
  ["cut off in the header", good.subarray(0, 40), "header is cut short"],
  ["cut off in the data", good.subarray(0, -3), "promises 32 bytes", "there are 29"],
  ["data after the end", Buffer.concat([good, Buffer.alloc(8)]), "promises 32 bytes", "there are 40"],
  ["a damaged header", Buffer.concat([good.subarray(0, 10), Buffer.alloc(118, "?")]), "header is damaged"],
  ["a format of the future", Buffer.concat([good.subarray(0, 6), Buffer.from([9]), good.subarray(7)]), "format 9"],

  ["complex numbers", lying({ type: "<c8" }), "<c8: complex numbers", "x.real"],
  ["a type of the future", lying({ type: "<f3" }), "<f3"],
  ["a type that JavaScript knows", lying({ type: "<constructor" }), "<constructor"],
  ["objects", lying({ type: "|O" }), "|O"],

  ["a shape that is too large", lying({ shape: "(5, 2)" }), "promises 40 bytes"],
  ["a shape beyond counting", lying({ shape: "(4294967296, 4294967296)" }), "promises"],
  ["a negative shape", lying({ shape: "(-4, -2)" }), "bad shape"],
  ["a shape in words", lying({ shape: "(four, 2)" }), "bad shape"],
  ["two points", makeNpy(POINTS.slice(0, 4), [2, 2]), "has 2 points", "at least 3"],
  ["no points", makeNpy([], [0, 2]), "has 0 points"],
  ["points without coordinates", makeNpy([], [5, 0]), "no coordinates"],
  ["one dimension", makeNpy(POINTS, [8]), "shape [8]", "[points, dimension]"],
  ["four dimensions", makeNpy(POINTS, [2, 2, 2, 1]), "shape [2,2,2,1]"],
  ["no layers", makeNpy([], [0, 4, 2]), "no layers"],
  ["NaN", makeNpy([0, 1, 2, 3, 4, Number.NaN], [3, 2]), "holds NaN", "point 2, coordinate 1"],
  ["infinity", makeNpy([Number.POSITIVE_INFINITY, 1, 2, 3, 4, 5], [3, 2]), "holds Infinity", "point 0, coordinate 0"],
];

describe("point clouds", () => {
  test.each(NPY)("%s", async (_, content, ...words) => {
    const file = join(temporaryFolder(), "cloud.npy");
    writeFileSync(file, content);
    expectRefusal(await askProgram(["geometry", file, "--json"]), file, ...words);
  });

  test("clouds of different sizes", async () => {
    const folder = temporaryFolder();
    const files = [join(folder, "four.npy"), join(folder, "three.npy")];
    writeFileSync(files[0], makeNpy(POINTS, [4, 2]));
    writeFileSync(files[1], makeNpy(POINTS.slice(0, 6), [3, 2]));
    expectRefusal(await askProgram(["geometry", ...files, "--json"]), "four.npy", "three.npy", /4 .* 3 points/);
  });

  test("a missing file, and a folder", async () => {
    const folder = temporaryFolder();
    expectRefusal(await askProgram(["geometry", join(folder, "none.npy")]), "none.npy", "no such file");
    expectRefusal(await askProgram(["geometry", folder]), folder, "cannot be read");
  });
});

describe("options", () => {
  const extract = ["extract", "--model", LLAMA, "--ids", "1,2,3"];
  test.each<[title: string, args: string[], ...words: string[]]>([
    ["an unknown command", ["measure"], "unknown command 'measure'", "--help"],
    ["an unknown option", ["geometry", "--fast", "a.npy"], "unknown option '--fast'"],
    ["an option of another command", [...extract, "--out", "a.npy", "--shuffle", "1"], "unknown option '--shuffle'"],
    ["an option without value", ["run", "--model"], "--model", "argument missing"],
    ["no model", ["run"], "--model", "not specified"],
    ["no output", extract, "extract needs --out FILE, --json or both"],
    ["no cloud", ["geometry"], "files"],
    ["zero tokens", ["run", "--model", MINI, "--tokens", "0"], "--tokens", "whole number"],
    ["tokens in words", ["run", "--model", MINI, "--tokens", "many"], "--tokens", "whole number"],
    ["zero prompts", ["run", "--model", MINI, "--count", "0"], "--count", "whole number"],
    ["a shuffle index that is no number", ["run", "--model", MINI, "--shuffle", "all"], "--shuffle", "whole numbers"],
    ["an unknown backend", [...extract, "--out", "a.npy", "--backend", "cuda"], 'unknown backend "cuda"', "wasm"],
    ["something too much", [...extract, "--out", "a.npy", "b.npy"], "too many arguments"],
  ])("%s", async (_, args, ...words) => {
    expectRefusal(await askProgram(args), ...words);
  });

  test("an unknown backend in the environment is named with its variable", async () => {
    const result = await runProgram(["geometry", join(PROJECT, "tests/fixtures/geometry/n3.npy")], {
      TOKEN_GEOMETRY_BACKEND: "cuda",
    });
    expectRefusal(result, 'unknown backend "cuda"', "TOKEN_GEOMETRY_BACKEND");
  });

  test("the stack trace comes with DEBUG, and only then", async () => {
    const file = join(temporaryFolder(), "none.npy");
    const { status, stdout, stderr } = await runProgram(["geometry", file], { DEBUG: "1" });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/no such file\n {4}at .*\n/);
  });
});
