import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { UserError } from "./errors";
import {
  checkOutputFile,
  checkOutputFolder,
  makeWorkFolder,
  openToRead,
  readSmallFile,
  removeUnfinished,
  writeFileAtomically,
} from "./files";
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

  test("a link stays, and what it leads to is written, there or not; who may read it stays as it is", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "far"));
    writeFileSync(join(folder, "far", "old"), "old", { mode: 0o640 });
    symlinkSync("far", join(folder, "near"));
    symlinkSync("near/old", join(folder, "link"));
    symlinkSync("link", join(folder, "linkOfLink"));
    symlinkSync("../far/new", join(folder, "far", "dangling"));
    symlinkSync("near/dangling", join(folder, "danglingToo"));
    writeFileAtomically(join(folder, "linkOfLink"), "content");
    expect(readFileSync(join(folder, "far", "old"), "utf8")).toBe("content");
    expect(statSync(join(folder, "far", "old")).mode & 0o777).toBe(0o640);
    writeFileAtomically(join(folder, "danglingToo"), "more");
    expect(readFileSync(join(folder, "far", "new"), "utf8")).toBe("more");
    for (const link of ["near", "link", "linkOfLink", "far/dangling", "danglingToo"])
      expect(lstatSync(join(folder, link)).isSymbolicLink()).toBe(true);
    expect(filesBelow(join(folder, "far"))).toEqual(["dangling", "new", "old"]);
  });

  test("pipes and devices are written through and stay", async () => {
    const folder = temporaryFolder();
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe]);
    const read: Buffer[] = [];
    reader.stdout.on("data", (bytes) => read.push(bytes));
    // More than a pipe holds, so that it is read while it is written.
    writeFileAtomically(pipe, [new Uint8Array(200_000).fill(1), Uint8Array.of(2)]);
    await once(reader, "close");
    const bytes = Buffer.concat(read);
    expect([bytes.length, bytes[0], bytes[200_000]]).toEqual([200_001, 1, 2]);
    symlinkSync("/dev/null", join(folder, "nothing"));
    writeFileAtomically(join(folder, "nothing"), "text");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    expect(() => writeFileAtomically("/dev/full", "text")).toThrow(/^cannot write \/dev\/full: the disk is full/);
    expect(filesBelow(folder)).toEqual(["nothing", "pipe"]);
    expect(statSync(pipe).isFIFO()).toBe(true);
  });

  test("what cannot be a file is refused, before any work as well", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    symlinkSync("round", join(folder, "round"));
    const cases: [path: string, why: RegExp][] = [
      [folder, /there is a folder of that name; name a file$/],
      [join(folder, "new/"), /it names a folder; name a file$/],
      [join(folder, "file/"), /a part of the path is a file, not a folder$/],
      [join(folder, "file", "in"), /a part of the path is a file, not a folder$/],
      [join(folder, "round"), /its links lead in a circle$/],
      ["/dev/fd/999", /nobody has opened it for writing$/],
      ["", /without a name$/],
    ];
    for (const [path, why] of cases) {
      expect(() => writeFileAtomically(path, "text")).toThrow(why);
      expect(() => checkOutputFile(path)).toThrow(why);
    }
    expect(() => checkOutputFolder(join(folder, "file"))).toThrow(/is a file, not a folder$/);
    symlinkSync("nowhere/deep", join(folder, "astray"));
    const astray = /astray.*: a part of the path is a link that leads nowhere$/;
    expect(() => checkOutputFolder(join(folder, "astray"))).toThrow(astray);
    expect(() => writeFileAtomically(join(folder, "astray", "file"), "text")).toThrow(astray);
    checkOutputFolder(join(folder, "new", "folder"));
    checkOutputFile(join(folder, "new", "file"));
    expect(filesBelow(folder)).toEqual(["astray", "file", "round"]);
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
