/**
 * Output that cannot be written: one line that names the place, exit code 1, nothing half-written left behind, and what
 * was there before is as it was.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { expectRefusal, filesBelow, PROGRAM, runProgram } from "./support/cli";
import { mountedFolder, skipLoudly } from "./support/mounts";
import { temporaryFolder } from "./support/notebooks";
import { storedUnits } from "./support/storedUnits";
import { copyModelWithTokenizer, MODEL_FIXTURES } from "./support/tinyModel";

const LLAMA = join(MODEL_FIXTURES, "llama-gqa");

const extractTo = (out: string) => runProgram(["extract", "--model", LLAMA, "--ids", "1,2,3,4,5", "--out", out]);

/** A model and prompts for `run`, outside the folder that is tested. */
function runArguments(prompts = ["abcdefghijklmnop"]): string[] {
  const folder = temporaryFolder();
  const model = copyModelWithTokenizer(join(folder, "model"));
  const file = join(folder, "prompts.jsonl");
  writeFileSync(file, prompts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  return ["run", "--model", model, "--prompts", file, "--tokens", "16"];
}

describe("a file in the place of a folder", () => {
  test("extract", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "kept");
    const out = join(folder, "file", "hidden.npy");
    expectRefusal(await extractTo(out), out, "not a folder");
    expect(filesBelow(folder)).toEqual(["file"]);
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("kept");
  });

  test("run", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "store"), "kept");
    const result = await runProgram([...runArguments(), "--store", join(folder, "store")]);
    expectRefusal(result, join(folder, "store"), "not a folder");
    expect(filesBelow(folder)).toEqual(["store"]);
  });
});

test("a folder in the place of the file", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "hidden.npy"));
  expectRefusal(await extractTo(join(folder, "hidden.npy")), "hidden.npy", "there is a folder of that name");
  expect(filesBelow(folder)).toEqual([]);
});

describe("a read-only folder", () => {
  test("by its permissions", async ({ skip }) => {
    // Permissions do not bind root.
    if (process.getuid?.() === 0) skipLoudly(skip, "a folder that may not be written (tests run as root)");
    const folder = temporaryFolder();
    const out = join(folder, "closed", "hidden.npy");
    mkdirSync(join(folder, "closed"), 0o500);
    onTestFinished(() => chmodSync(join(folder, "closed"), 0o700));
    expectRefusal(await extractTo(out), out, "may not write there");
    expectRefusal(await runProgram([...runArguments(), "--store", join(folder, "closed")]), "may not write there");
  });

  test("by its file system", async ({ skip }) => {
    const folder = mountedFolder("-o", "ro");
    if (!folder) return skipLoudly(skip, "a read-only file system (mount is not permitted)");
    const out = join(folder, "hidden.npy");
    expectRefusal(await extractTo(out), out, "the file system is read-only");
    expectRefusal(await runProgram([...runArguments(), "--store", folder]), folder, "the file system is read-only");
  });
});

describe("a full disk", () => {
  test("extract leaves nothing, and what was there is kept", async ({ skip }) => {
    const folder = mountedFolder("-o", "size=16k,nr_inodes=100");
    if (!folder) return skipLoudly(skip, "a full disk (mount is not permitted)");
    const out = join(folder, "hidden.npy");
    writeFileSync(out, "the one before");
    writeFileSync(join(folder, "ballast"), Buffer.alloc(12 * 1024));
    expectRefusal(await extractTo(out), out, "the disk is full");
    expect(filesBelow(folder)).toEqual(["ballast", "hidden.npy"]);
    expect(readFileSync(out, "utf8")).toBe("the one before");
  });

  test("run keeps what is finished, and goes on from there once there is room", async ({ skip }) => {
    const folder = mountedFolder("-o", "size=64k,nr_inodes=1000");
    if (!folder) return skipLoudly(skip, "a full disk (mount is not permitted)");
    const texts = Array.from(
      { length: 12 },
      (_, index) => `${"abcdefghijklmnopqrstuvwxyz".slice(index)}zyxwvutsrqponm`,
    );
    const run = [...runArguments(texts), "--store", folder];
    const full = await runProgram(run);
    expect(full).toMatchObject({ status: 1, stdout: "" });
    expect(full.stderr.trim().split("\n").at(-1)).toMatch(
      /^error: cannot write .*: the disk is full; .*finished work is kept$/,
    );
    const kept = storedUnits(folder);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(12);
    for (const name of filesBelow(folder)) {
      expect(name).toMatch(/\.json$/);
      JSON.parse(readFileSync(join(folder, name), "utf8"));
    }
    execFileSync("mount", ["-o", "remount,size=1m", folder]);
    const done = await runProgram(run);
    expect(done.stdout).toContain(`${12 - kept.length} units computed`);
    expect(done.stdout).toContain(`${kept.length} were in the store`);
  });
});

describe("standard output", () => {
  const geometry = `"${process.execPath}" "${PROGRAM}" geometry --json "${join(MODEL_FIXTURES, "../geometry/n256.npy")}"`;

  test("a device that takes nothing", async ({ skip }) => {
    if (process.platform !== "linux") skipLoudly(skip, "/dev/full (Linux has it)");
    const { status, stderr } = spawnSync("sh", ["-c", `${geometry} > /dev/full`], { encoding: "utf8" });
    expect(stderr.trim().split("\n").at(-1)).toMatch(/^error: cannot write to standard output: the disk is full/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(1);
  });

  test("a reader that has seen enough is no error", async ({ skip }) => {
    if (process.platform === "win32") skipLoudly(skip, "a closed pipe (needs sh)");
    const { stderr } = spawnSync("sh", ["-c", `${geometry} | true`], { encoding: "utf8" });
    expect(stderr).toMatch(/^backend [^\n]*\n$/);
  });
});
