/** What is read by whom: for every reader some whole files, and how they are taken apart to be damaged. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runExperiment } from "../../lib/src/machine/experiment/experiment";
import { filesBelow, PROJECT } from "../support/cli";
import { makeGgufTokenizer } from "../support/ggufTokenizers";
import { makeGguf } from "../support/makeGguf";
import { call, dict, global, integer, pickle, tensor, text, tuple } from "../support/makePickle";
import { makeZip } from "../support/makeZip";
import { copyModelWithTokenizer, MODEL_FIXTURES } from "../support/tinyModel";
import {
  bytes,
  type Format,
  ggufFile,
  json,
  npyFile,
  parquetFile,
  safetensorsFile,
  sealedUnit,
  zipFile,
} from "./formats";
import { TOKENIZERS } from "./tokenizers";

/** Files that are read together: the ones that are damaged, and a folder with those that are not. */
export interface Sample {
  files: Record<string, Buffer>;
  base?: string;
}

export interface HostileReader {
  name: string;
  /** The name in reader.js of what reads them. */
  reads: string;
  samples: readonly Sample[];
  /** By the file's name. */
  formatOf(file: string): Format;
}

const FIXTURES = join(PROJECT, "tests/fixtures");

const model = (variant: string, ...files: string[]): Sample => ({
  base: join(MODEL_FIXTURES, variant),
  files: Object.fromEntries(files.map((file) => [file, readFileSync(join(MODEL_FIXTURES, variant, file))])),
});

const alone = ({ files }: Sample): Sample => ({ files });

const inFolder = (folder: string, ending: string, as: string): Sample[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ files: { [as]: readFileSync(join(folder, name)) } }));

const adapterFiles = (name: string) =>
  Object.fromEntries(
    ["adapter_config.json", "adapter_model.safetensors"].map((file) => [
      file,
      readFileSync(join(FIXTURES, "adapters", name, file)),
    ]),
  );

/** All readers with their samples. `folder` is where files may be made. */
export async function hostileReaders(folder: string): Promise<HostileReader[]> {
  const reader = (
    name: string,
    format: Format | ((file: string) => Format),
    samples: Sample[],
    reads: string = name,
  ): HostileReader => ({
    name,
    reads,
    samples,
    formatOf: typeof format === "function" ? format : () => format,
  });
  return [
    reader("safetensors", safetensorsFile, [
      alone(model("llama-f16", "model.safetensors")),
      alone(model("llama-bf16", "model.safetensors")),
      alone(model("gpt2", "model.safetensors")),
    ]),
    reader("torch", zipFile, [
      alone(model("gpt2-bin", "pytorch_model.bin")),
      { files: { "pytorch_model.bin": torchZip() } },
    ]),
    reader(
      "torchLegacy",
      bytes,
      ["opt-bin-legacy", "gpt2-bin-legacy-bf16"].map((variant) => alone(model(variant, "pytorch_model.bin"))),
      "torch",
    ),
    reader("gguf", ggufFile, [
      ...["llama-biases-divided", "gemma3", "phi3-long-rope", "gpt-neox", "gpt2"].map((variant) =>
        alone(model(`gguf-${variant}`, "model.gguf")),
      ),
      alone(model("gguf-mistral-split", ...[1, 2, 3].map((part) => `model-0000${part}-of-00003.gguf`))),
      { files: { "model.gguf": smallGguf() } },
    ]),
    reader(
      "config",
      json,
      [
        "llama-gqa",
        "llama-rope-llama3",
        "llama-head-dim",
        "gpt2",
        "gpt-neox-parallel",
        "opt-pre-norm",
        "opt-post-norm-projections",
        "mistral-window",
      ].map((variant) => model(variant, "config.json")),
    ),
    reader("index", json, [
      model("llama-sharded", "model.safetensors.index.json"),
      model("opt-bin-sharded", "pytorch_model.bin.index.json"),
    ]),
    reader("adapter", (file) => (file.endsWith(".json") ? json : safetensorsFile), [
      { files: adapterFiles("llama-patterns") },
      { files: adapterFiles("llama-saved") },
    ]),
    reader("tokenizer", (file) => (file.endsWith(".json") ? json : bytes), [
      ...TOKENIZERS,
      {
        files: Object.fromEntries(
          ["vocab.json", "merges.txt", "tokenizer_config.json"].map((name) => [
            name,
            readFileSync(join(FIXTURES, "byte-pair", name)),
          ]),
        ),
      },
    ]),
    reader(
      "ggufTokenizer",
      bytes,
      (["gpt2", "llama"] as const).map((kind) => ({ files: { "some.gguf": makeGgufTokenizer(kind) } })),
      "tokenizer",
    ),
    reader("npy", npyFile, inFolder(join(FIXTURES, "geometry"), ".npy", "array.npy").slice(0, 8)),
    reader(
      "zip",
      bytes,
      [false, true].map((zip64) => ({ files: { "some.zip": someZip(zip64) } })),
    ),
    reader("parquet", parquetFile, inFolder(join(FIXTURES, "parquet"), ".parquet", "table.parquet")),
    ...arrayReaders(reader),
    reader("jsonl", json, [
      {
        files: {
          "prompts.jsonl": Buffer.from(
            '{"text": "some text", "name": "one", "meta": {"set": 3}}\n"another"\n{"text": "la\\u00e9 \\ud83d\\ude00"}\n',
          ),
        },
      },
    ]),
    reader("notebook", json, [
      { files: { "some.ipynb": smallNotebook() } },
      ...inFolder(join(PROJECT, "notebooks"), "fig01-shuffling.ipynb", "some.ipynb"),
    ]),
    reader("parameters", bytes, [
      {
        files: {
          "cell.ts": Buffer.from(
            'let MODEL = "data/models/llama-mini"; // a folder\nlet N: number = 1_024;\nlet on = true;\n' +
              "let SHUFFLES: number[] = [0, 1.5e3, /* more */ -2];\nlet names = [[\"a\", 'b'], [`c`]];\n",
          ),
          "value.txt": Buffer.from('[1, 2, "x"]'),
        },
      },
      { files: { "cell.ts": Buffer.from("let a = 0\nlet b: string[] = []\n"), "value.txt": Buffer.from("1,2,0x10") } },
    ]),
    ...(await storeReaders(folder)),
  ];
}

type MakeReader = (
  name: string,
  format: Format | ((file: string) => Format),
  samples: Sample[],
  reads?: string,
) => HostileReader;

/** Clouds: each format that vectors are kept in. */
function arrayReaders(reader: MakeReader): HostileReader[] {
  const files = (...names: string[]): Sample[] =>
    names.map((name) => ({ files: { [name]: readFileSync(join(FIXTURES, "arrays", name)) } }));
  const tables = [
    "vectors.parquet",
    "numbers.parquet",
    "types.parquet",
    "polars-array.parquet",
    "pandas-index.parquet",
  ];
  return [
    reader("npyTypes", npyFile, files("cloud.npy", "layers.npy"), "array"),
    reader("npz", bytes, files("one.npz", "several.npz"), "array"),
    reader("npzMembers", zipFile, files("one.npz", "several.npz"), "array"),
    reader(
      "torchArray",
      zipFile,
      files("hidden.pt", "views.pt", "types.pt", "nested.pt", "list-of-vectors.pt"),
      "array",
    ),
    reader("torchLegacyArray", bytes, files("views-legacy.pth", "hidden-legacy.pt"), "array"),
    reader("safetensorsArray", safetensorsFile, files("types.safetensors", "one.safetensors"), "array"),
    reader("parquetArray", parquetFile, files(...tables), "array"),
    reader("arrow", bytes, files("vectors.arrow", "types.arrow", "stream.ipc", "polars.arrow"), "array"),
    reader("arrowPacked", bytes, files("pandas.feather", "zstd.feather", "polars-array.arrow"), "array"),
    reader("csv", bytes, files("pandas-index.csv", "words.csv", "savetxt-header.csv", "pandas.tsv"), "array"),
  ];
}

/** A store that holds a real, small experiment; its units are damaged with the seal that they had, or with a new one. */
async function storeReaders(folder: string): Promise<HostileReader[]> {
  const work = mkdtempSync(join(folder, "store-"));
  const prompts = join(work, "prompts.jsonl");
  writeFileSync(prompts, `${JSON.stringify("The tide came in over the flats.")}\n`);
  const settings = {
    models: [copyModelWithTokenizer(join(work, "tiny"))],
    prompts,
    tokens: 16,
    shuffleIndices: [0, 1],
  };
  const store = join(work, "store");
  await runExperiment({ ...settings, metrics: ["lastToken"] }, { store, backend: "cpu", workers: 1 });
  const names = filesBelow(store);
  const pick = (choose: (name: string) => boolean): Sample[] =>
    names.filter(choose).map((name) => ({ base: store, files: { [name]: readFileSync(join(store, name)) } }));
  const claim: Sample = {
    base: store,
    files: {
      [`claims/${"0".repeat(64)}`]: Buffer.from(
        JSON.stringify({ host: "elsewhere", process: 7, started: "2026-01-01" }),
      ),
    },
  };
  const units = pick((name) => name.startsWith("units"));
  return [
    { name: "manifest", reads: "store", samples: pick((name) => name.startsWith("experiments")), formatOf: () => json },
    { name: "unit", reads: "store", samples: units, formatOf: () => json },
    { name: "sealedUnit", reads: "store", samples: units, formatOf: () => sealedUnit },
    { name: "claim", reads: "store", samples: [claim], formatOf: () => json },
  ];
}

/** As torch.save writes weights, with what it may hold besides plain tensors. */
function torchZip(): Buffer {
  const data = Buffer.from(Float32Array.from({ length: 24 }, (_, i) => i).buffer);
  const content = pickle(
    dict({
      plain: tensor({ length: 24, shape: [4, 6], strides: [6, 1] }),
      turned: tensor({ length: 24, shape: [6, 4], strides: [1, 6] }),
      part: tensor({ length: 24, offset: 3, shape: [3], strides: [2] }),
      epoch: integer(7),
      note: tuple(text("a"), integer(-1)),
      none: call(global("collections", "OrderedDict")),
    }),
  );
  return makeZip([
    { name: "archive/data.pkl", content, stored: true },
    { name: "archive/byteorder", content: Buffer.from("little"), stored: true },
    { name: "archive/data/0", content: data, stored: true },
  ]);
}

/** With every type of metadata, and no model. */
function smallGguf(): Buffer {
  const list = (...texts: string[]) => texts.map((text) => ["text", text] as const);
  return makeGguf({
    metadata: [
      ["general.architecture", ["text", "llama"]],
      ["general.alignment", ["u32", 64]],
      ["some.flag", ["bool", true]],
      ["some.number", ["f64", 0.5]],
      ["some.large", ["u64", 2n ** 60n]],
      ["tokenizer.ggml.tokens", list("a", "\u0120the", "\u65e5\u672c", "")],
      ["tokenizer.ggml.scores", [["f32", -1] as const, ["f32", 2] as const]],
      ["tokenizer.ggml.token_type", [["i32", 1] as const, ["i32", 3] as const]],
    ],
    tensors: [{ name: "token_embd.weight", type: 0, shape: [4, 2], data: new Uint8Array(32) }],
    alignment: 64,
  });
}

function someZip(zip64: boolean): Buffer {
  return makeZip(
    [
      { name: "a.txt", content: Buffer.from("a".repeat(3000)) },
      { name: "folder/b.bin", content: Buffer.from([1, 2, 3]), stored: true },
      { name: "empty", content: Buffer.alloc(0) },
    ],
    { zip64, comment: "a comment" },
  );
}

function smallNotebook(): Buffer {
  const cells = [
    { cell_type: "markdown", id: "a", metadata: {}, source: ["# Title\n", "text"], attachments: { "x.png": {} } },
    {
      cell_type: "code",
      id: "b",
      metadata: { tags: ["parameters"], jupyter: { source_hidden: true } },
      source: "let N = 3;\nlet LIST = [1, 2];",
      execution_count: 1,
      outputs: [
        { output_type: "stream", name: "stdout", text: ["one\n", "two"] },
        { output_type: "display_data", data: { "text/plain": ["x"], "application/json": { a: 1 } }, metadata: {} },
        { output_type: "error", ename: "E", evalue: "v", traceback: ["t"] },
      ],
    },
    { cell_type: "raw", id: "c", metadata: {}, source: "" },
  ];
  return Buffer.from(JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { title: "t" }, cells }));
}

/** A folder for samples, and what removes it. */
export function sampleFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "token-geometry-samples-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
