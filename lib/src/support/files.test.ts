import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow } from "../../../tests/support/cli";
import { temporaryFolder } from "../../../tests/support/notebooks";
import { UserError } from "./errors";
import { writeFileAtomically } from "./files";

/** The id of a process that has ended. */
const ended = spawnSync(process.execPath, ["-e", ""]).pid;

describe("writeFileAtomically", () => {
  test("text, bytes and pieces, into folders that it makes, over what was there", () => {
    const path = join(temporaryFolder(), "a", "b", "file");
    writeFileAtomically(path, "naïve");
    expect(readFileSync(path, "utf8")).toBe("naïve");
    writeFileAtomically(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    writeFileAtomically(path, [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]);
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
  });

  test("what was there stays if the content breaks off, and nothing is left beside it", () => {
    const folder = temporaryFolder();
    const path = join(folder, "file");
    writeFileAtomically(path, "old");
    const breaking = function* () {
      yield Uint8Array.of(1);
      throw new Error("no more");
    };
    expect(() => writeFileAtomically(path, breaking())).toThrow(UserError);
    expect(() => writeFileAtomically(path, breaking())).toThrow(`cannot write ${path}: no more`);
    expect(filesBelow(folder)).toEqual(["file"]);
    expect(readFileSync(path, "utf8")).toBe("old");
  });

  test("what a killed process left of the same file is removed; what is being written, or is not ours, stays", () => {
    const folder = temporaryFolder();
    const left = `file.${hostname()}.${ended}.0123abcd.tmp`;
    const others = [
      `file.${hostname()}.${process.pid}.0123abcd.tmp`,
      `file.elsewhere.${ended}.0123abcd.tmp`,
      `file2.${hostname()}.${ended}.0123abcd.tmp`,
      `file.${hostname()}.notes.tmp`,
    ];
    for (const name of [left, ...others]) writeFileSync(join(folder, name), "");
    writeFileAtomically(join(folder, "file"), "new");
    expect(filesBelow(folder)).toEqual(["file", ...others].sort());
  });

  test.each([
    ["a file in the path", (folder: string) => writeFileSync(join(folder, "a"), ""), "not a folder"],
    [
      "a folder of that name",
      (folder: string) => mkdirSync(join(folder, "a", "b"), { recursive: true }),
      "folder of that",
    ],
  ])("%s", (_, prepare, message) => {
    const folder = temporaryFolder();
    prepare(folder);
    const before = filesBelow(folder);
    expect(() => writeFileAtomically(join(folder, "a", "b"), "x")).toThrow(message);
    expect(filesBelow(folder)).toEqual(before);
  });
});
