/** What git leaves in place of large files (Git LFS, git-annex), wherever a file is read: one line that says how to get it. */
import { cpSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../lib/src/machine/checkpoint/checkpoint";
import { runExperiment } from "../lib/src/machine/experiment/experiment";
import { Store } from "../lib/src/machine/experiment/store";
import { readManifest } from "../lib/src/machine/experiment/storedExperiment";
import { traceMerged } from "../lib/src/machine/experiment/trace";
import { resolveModel } from "../lib/src/machine/hub/models";
import { readProvenance } from "../lib/src/machine/render/readMetadata";
import { writeFileAtomically } from "../lib/src/machine/support/files";
import { readNpy } from "../lib/src/machine/support/npy";
import { refusePointer } from "../lib/src/machine/support/pointerFile";
import { readNotebook } from "../lib/src/programs/runner/notebook";
import { loadPromptOrText } from "../lib/src/prompts/promptOrText";
import { loadPrompts } from "../lib/src/prompts/prompts";
import { loadTokenizer } from "../lib/src/tokens/tokenizer";
import { askProgram, expectRefusal, filesBelow, PROJECT } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import { copyModel, copyModelWithTokenizer } from "./support/tinyModel";

const BYTE_PAIR = join(PROJECT, "tests/fixtures/byte-pair");
const OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const LFS = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize 12345\n`;
const KEY = `SHA256E-s12345--${OID}.bin`;
const ANNEX = `/annex/objects/${KEY}\n`;
const ANNEX_LINK = `../.git/annex/objects/Xk/3G/${KEY}/${KEY}`;
const SAID = /: an LFS pointer, not the file itself: git lfs pull$/;

describe("a pointer", () => {
  test.each<[string, string, RegExp]>([
    ["of Git LFS", LFS, /git lfs pull/],
    ["with other ends of lines", LFS.replaceAll("\n", "\r\n"), /git lfs pull/],
    ["without the last line break", LFS.trimEnd(), /git lfs pull/],
    ["of an early version", LFS.replace("git-lfs.github", "hawser.github"), /git lfs pull/],
    [
      "of the first version",
      LFS.replace("https://git-lfs.github.com/spec/v1", "http://git-media.io/v/2"),
      /git lfs pull/,
    ],
    ["with an extension", LFS.replace("oid", `ext-0-case sha256:${OID}\noid`), /git lfs pull/],
    ["of git-annex", ANNEX, /git annex get/],
    ["of git-annex with a warning behind it", `${ANNEX}unannex'ed\n`, /git annex get/],
    ["of git-annex, a link as text", ANNEX_LINK, /git annex get/],
  ])("%s", (_, text, said) => expect(() => refusePointer("a", Buffer.from(text))).toThrow(said));

  test.each<[string, string]>([
    ["a text on them", `A pointer begins with\n${LFS}`],
    ["a text that goes on", `${LFS}\nThis is what a pointer looks like.\n`],
    ["one without a hash", "version https://git-lfs.github.com/spec/v1\nsize 12345\n"],
    ["a path", "annex/objects and more of it"],
    ["nothing", ""],
  ])("is not %s", (_, text) => expect(refusePointer("a", Buffer.from(text))).toBeUndefined());
});

test.each(["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])(
  "in a model's folder: %s",
  (name) => {
    const folder = copyModelWithTokenizer(join(temporaryFolder(), "model"));
    writeFileSync(join(folder, name), LFS);
    const open = () => [openCheckpoint(folder), loadTokenizer(folder).encode("a")];
    expect(open).toThrow(SAID);
    expect(open).toThrow(name);
    // As git-annex has it, which is no file at all for most programs.
    unlinkSync(join(folder, name));
    symlinkSync(ANNEX_LINK, join(folder, name));
    expect(open).toThrow(`${name}: a git-annex link to a file that is not here`);
  },
);

test("other weights, and tokenizers in other files", async () => {
  const folder = temporaryFolder();
  const bin = copyModel("opt-bin", join(folder, "bin"));
  writeFileSync(join(bin, "pytorch_model.bin"), LFS);
  expect(() => openCheckpoint(bin)).toThrow(SAID);
  const sharded = copyModel("llama-sharded", join(folder, "sharded"));
  writeFileSync(join(sharded, "model-00002-of-00003.safetensors"), LFS);
  expect(() => openCheckpoint(sharded)).toThrow(/model-00002-of-00003\.safetensors: an LFS pointer/);
  writeFileSync(join(sharded, "model.safetensors.index.json"), ANNEX);
  expect(() => openCheckpoint(sharded)).toThrow(/index\.json: a git-annex pointer, .*: git annex get$/);
  writeFileSync(join(folder, "model.gguf"), LFS);
  expect(() => openCheckpoint(join(folder, "model.gguf"))).toThrow(SAID);
  symlinkSync(ANNEX_LINK, join(folder, "link.gguf"));
  await expect(resolveModel(join(folder, "link.gguf"))).rejects.toThrow(/link\.gguf: a git-annex link/);
  for (const name of ["vocab.json", "merges.txt"]) {
    const pair = join(folder, name.slice(0, 5));
    mkdirSync(pair);
    for (const part of ["vocab.json", "merges.txt"]) cpSync(join(BYTE_PAIR, part), join(pair, part));
    writeFileSync(join(pair, name), LFS);
    expect(() => loadTokenizer(pair)).toThrow(SAID);
  }
});

test.each(["a.txt", "a.jsonl", "a.json", "a.csv", "a.tsv", "a.parquet"])("as prompts: %s", async (name) => {
  const folder = temporaryFolder();
  const path = join(folder, name);
  writeFileSync(path, LFS);
  await expect(loadPrompts(path)).rejects.toThrow(SAID);
  if (name === "a.txt") {
    await expect(loadPrompts(folder)).rejects.toThrow(SAID);
    await expect(loadPromptOrText(path)).rejects.toThrow(SAID);
  }
  unlinkSync(path);
  symlinkSync(ANNEX_LINK, path);
  await expect(loadPrompts(path)).rejects.toThrow(/a git-annex link to a file that is not here: git annex get$/);
  if (name === "a.txt") await expect(loadPrompts(folder)).rejects.toThrow(/git annex get$/);
});

test.each<[string, (path: string) => unknown]>([
  ["cloud.npy", readNpy],
  ["notebook.ipynb", readNotebook],
  ["manifest.json", readManifest],
  ["figure.svg", readProvenance],
  ["figure.png", readProvenance],
  ["figure.pdf", readProvenance],
  ["figure.html", readProvenance],
  ["table.csv", readProvenance],
  ["merged.json", (path) => traceMerged(new Store("none"), path)],
])("as %s", async (name, read) => {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, LFS);
  await expect((async () => read(path))()).rejects.toThrow(SAID);
});

test("in the store: what only has to be brought is not computed again", async () => {
  const folder = temporaryFolder();
  const model = copyModelWithTokenizer(join(folder, "model"));
  const store = join(folder, "store");
  const settings = { models: [model], promptCount: 1, tokens: 64, shuffleIndices: [0] };
  await runExperiment(settings, { store, backend: "wasm", workers: 1 });
  const [unit] = filesBelow(join(store, "units"));
  const path = join(store, "units", unit);
  writeFileSync(path, LFS);
  await expect(runExperiment(settings, { store, backend: "wasm", workers: 1 })).rejects.toThrow(SAID);
  unlinkSync(path);
  symlinkSync(ANNEX_LINK, path);
  await expect(runExperiment(settings, { store, backend: "wasm", workers: 1 })).rejects.toThrow(/git annex get$/);
  expect(() => writeFileAtomically(path, "new")).toThrow(/a link of git-annex: git annex unlock$/);
});

test("by the program: one line", async () => {
  const folder = temporaryFolder();
  const model = copyModelWithTokenizer(join(folder, "model"));
  writeFileSync(join(folder, "prompt.txt"), LFS);
  const args = ["extract", "--model", model, "--text-file", join(folder, "prompt.txt"), "--json"];
  expectRefusal(await askProgram(args), /prompt\.txt: an LFS pointer, not the file itself: git lfs pull/);
});
