import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { UserError } from "./errors";
import { makeWorkFolder, openToRead, readSmallFile, removeUnfinished, writeFileAtomically } from "./files";
import { machineName } from "./machine";

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
    const left = `file.${machineName()}.${ended}.0123abcd.tmp`;
    const others = [
      `file.${machineName()}.${process.pid}.0123abcd.tmp`,
      `file.elsewhere-01234567.${ended}.0123abcd.tmp`,
      `file2.${machineName()}.${ended}.0123abcd.tmp`,
      `file.${machineName()}.notes.tmp`,
    ];
    for (const name of [left, ...others]) writeFileSync(join(folder, name), "");
    writeFileAtomically(join(folder, "file"), "new");
    expect(filesBelow(folder)).toEqual(["file", ...others].sort());
  });

  test("of a whole folder, also what other machines left a day ago", () => {
    const folder = temporaryFolder();
    const [old, young] = [`a.elsewhere-01234567.1.0123abcd.tmp`, `b.elsewhere-01234567.1.0123abcd.tmp`];
    for (const name of ["a", old, young, `c.${machineName()}.${ended}.0123abcd.tmp`])
      writeFileSync(join(folder, name), "");
    const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
    for (const name of ["a", old]) utimesSync(join(folder, name), yesterday, yesterday);
    expect(removeUnfinished(folder)).toBe(2);
    expect(filesBelow(folder)).toEqual(["a", young]);
    expect(removeUnfinished(join(folder, "none"))).toBe(0);
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

test("makeWorkFolder removes those of processes that have ended, and no others", () => {
  const parent = temporaryFolder();
  const start = `token-geometry-work.${machineName()}.`;
  const others = [
    `${start}${process.pid}.aaaaaa`,
    `${start}${ended}.aaaaaa.mine`,
    `token-geometry-work.elsewhere.${ended}.aaaaaa`,
  ];
  for (const name of [...others, `${start}${ended}.bbbbbb`]) mkdirSync(join(parent, name));
  const made = makeWorkFolder(parent);
  expect(readdirSync(parent).sort()).toEqual([...others, basename(made)].sort());
  expect(() => makeWorkFolder(join(parent, "none"))).toThrow(UserError);
});

describe("openToRead, readSmallFile", () => {
  test("a file", () => {
    const path = join(temporaryFolder(), "file");
    writeFileSync(path, "four");
    expect(readSmallFile(path, 4).toString()).toBe("four");
    expect(() => readSmallFile(path, 3)).toThrow("file: has 4 bytes, more than the 3");
  });

  test("what is no file is refused at once: a folder, a pipe that nobody writes to, a device without end", () => {
    const folder = temporaryFolder();
    const refused = (path: string): void => {
      expect(() => openToRead(path)).toThrow(UserError);
      expect(() => openToRead(path)).toThrow(`${path}: `);
    };
    refused(folder);
    refused(join(folder, "none"));
    if (process.platform === "win32") return;
    spawnSync("mkfifo", [join(folder, "pipe")]);
    symlinkSync("/dev/zero", join(folder, "zeros"));
    for (const name of ["pipe", "zeros"]) expect(() => openToRead(join(folder, name))).toThrow("no regular file");
  });
});
