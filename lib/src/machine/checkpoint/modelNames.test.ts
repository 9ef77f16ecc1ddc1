import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { placeOf } from "../support/place";
import { modelNames, namedInProcess } from "./modelNames";

const COMMITS = ["a", "b"].map((digit) => digit.repeat(40));

/** A snapshot of the hub's cache; the commit is that of main, or not. */
function snapshot(cache: string, repository: string, commit: string, main = commit): string {
  const folder = join(cache, `models--${repository.replace("/", "--")}`, "snapshots", commit);
  mkdirSync(join(folder, "../../refs"), { recursive: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "../../refs/main"), main);
  return folder;
}

describe("models that end alike", () => {
  const names = (...models: [name: string, path: string][]) =>
    modelNames(models.map(([name, path]) => ({ name, path })));

  test("are called by what is above them, as far as they differ", () => {
    expect(names(["final", "/w/runA/final"], ["final", "/w/runB/final/"])).toEqual(["runA/final", "runB/final"]);
    const deeper = names(["last", "/w/runA/out/last"], ["last", "/w/runB/out/last"], ["base", "/w/base"]);
    expect(deeper).toEqual(["runA/out/last", "runB/out/last", "base"]);
  });

  test("are told apart by a file's ending", () => {
    expect(names(["tiny", "/w/a/tiny.gguf"], ["tiny", "/w/a/tiny"])).toEqual(["tiny.gguf", "a/tiny"]);
    expect(names(["tiny", "/w/a/tiny.gguf"], ["tiny", "/w/b/tiny.gguf"])).toEqual(["a/tiny", "b/tiny"]);
  });

  test("are called by owner and revision if they are the hub's", () => {
    const cache = temporaryFolder();
    const [alice, bob] = ["alice/tiny", "bob/tiny"].map((name) => snapshot(cache, name, COMMITS[0]));
    expect(names(["tiny", alice], ["tiny", bob])).toEqual(["alice/tiny", "bob/tiny"]);
    const files = COMMITS.map((commit) =>
      join(snapshot(cache, "alice/tiny-GGUF", commit, COMMITS[0]), "sub", "q.gguf"),
    );
    expect(names(["q", files[0]], ["q", files[1]])).toEqual(["tiny-GGUF/sub/q", "tiny-GGUF@bbbbbbbb/sub/q"]);
    // A folder of the same parts is not the hub's.
    const local = names(["tiny", alice], ["tiny", "/w/alice/tiny"]);
    expect(local).toEqual(["hf:alice/tiny", "w/alice/tiny"]);
  });
});

test("a place is the same through links and in any way of writing", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "model"));
  symlinkSync("model", join(folder, "latest"));
  const ways = ["model", "model/", "./model/../model", "latest"].map((way) => placeOf(`${folder}/${way}`));
  expect(new Set(ways).size).toBe(1);
  expect(placeOf("/nowhere/../nowhere/model")).toBe("/nowhere/model");
});

test("models that are loaded one after the other keep names that differ", () => {
  const load = (path: string) => namedInProcess({ name: "namesake", path }).name;
  expect(["/x/one/namesake", "/x/two/namesake", "/x/one/namesake/"].map(load)).toEqual([
    "namesake",
    "two/namesake",
    "namesake",
  ]);
});
