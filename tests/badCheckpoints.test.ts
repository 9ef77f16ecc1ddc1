/**
 * Damaged and lying model folders, through the real program: every one is refused in one line that names the file and
 * what is wrong with it, and nothing is written.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { askProgram, expectRefusal, filesBelow, PROJECT } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import {
  copyModel,
  copyModelWithTokenizer,
  editJson,
  editSafetensors,
  safetensors,
  type TensorEntry,
} from "./support/tinyModel";

const WEIGHTS = "model.safetensors";
const EMBEDDING = "model.embed_tokens.weight"; // F32 [96, 32]
const QUERY = "model.layers.0.self_attn.q_proj.weight"; // F32 [32, 32]
const KEY = "model.layers.0.self_attn.k_proj.weight"; // F32 [16, 32]
const NORM = "model.norm.weight"; // F32 [32]

type Damage = (folder: string) => void;
type Case = [title: string, damage: Damage, ...words: (string | RegExp)[]];

/** Alters the header or the data of the weights. */
const inWeights =
  (change: (header: Record<string, TensorEntry>, data: Buffer) => unknown): Damage =>
  (folder) =>
    editSafetensors(join(folder, WEIGHTS), change);

/** Replaces the file of weights by these bytes. */
const asWeights =
  (bytes: (old: Buffer) => Uint8Array): Damage =>
  (folder) => {
    const path = join(folder, WEIGHTS);
    writeFileSync(path, bytes(readFileSync(path)));
  };

const inConfig =
  (change: Record<string, unknown>): Damage =>
  (folder) =>
    editJson(join(folder, "config.json"), (config) => ({ ...config, ...change }));

function headerLength(value: bigint): Damage {
  return asWeights((old) => {
    old.writeBigUInt64LE(value);
    return old;
  });
}

/** Overwrites the fifth value of a tensor. */
const withValue = (name: string, value: number): Damage =>
  inWeights((header, data) => void data.writeFloatLE(value, header[name].data_offsets[0] + 16));

const SAFETENSORS: Case[] = [
  ["an empty file", asWeights(() => Buffer.alloc(0)), WEIGHTS, "too short"],
  ["five bytes", asWeights((old) => old.subarray(0, 5)), WEIGHTS, "too short"],
  ["cut off in the header", asWeights((old) => old.subarray(0, 200)), WEIGHTS, "cut short"],
  ["cut off in the data", (folder) => truncateSync(join(folder, WEIGHTS), 100_000), WEIGHTS, "tensor", "cut short"],
  ["the last byte missing", asWeights((old) => old.subarray(0, -1)), WEIGHTS, "cut short"],
  ["a header longer than the file", headerLength(10n ** 7n), WEIGHTS, "header claims 10000000 bytes"],
  ["a header of 2^63 bytes", headerLength(2n ** 63n), WEIGHTS, "header claims"],
  ["a header of 2^64 - 1 bytes", headerLength(2n ** 64n - 1n), WEIGHTS, "header claims"],
  ["a header length one too small", asWeights((old) => shortened(old)), WEIGHTS, "another length than it claims"],
  [
    "a byte too many",
    asWeights((old) => Buffer.concat([old, Buffer.alloc(1)])),
    WEIGHTS,
    "ends 1 bytes after its last tensor",
  ],
  ["another kind of file", asWeights(() => Buffer.alloc(4000, "GGUF")), WEIGHTS, "damaged"],
  ["a header that is a list", asWeights(() => safetensors([1, 2], Buffer.alloc(8))), WEIGHTS, "not a JSON object"],
  ["a tensor that is null", inWeights((header) => ({ ...header, [NORM]: null })), WEIGHTS, NORM],
  [
    "no dtype",
    inWeights((header) => ({ ...header, [NORM]: { shape: [32], data_offsets: [0, 128] } })),
    NORM,
    "no dtype",
  ],
  [
    "a dtype that is too small",
    inWeights((header) => {
      header[KEY].dtype = "F16";
    }),
    KEY,
    "needs 1024 bytes",
  ],
  [
    "a dtype that is not there",
    inWeights((header) => {
      header[KEY].dtype = "Q4_K";
    }),
    KEY,
    "Q4_K",
  ],
  [
    "integers as weights",
    inWeights((header) => {
      header[KEY].dtype = "I32";
    }),
    KEY,
    "is of type I32",
  ],
  [
    "a shape that is too large",
    inWeights((header) => {
      header[KEY].shape = [17, 32];
    }),
    KEY,
    "needs 2176 bytes",
  ],
  [
    "a negative shape",
    inWeights((header) => {
      header[KEY].shape = [-16, -32];
    }),
    KEY,
    "no valid shape",
  ],
  [
    "half a row",
    inWeights((header) => {
      header[KEY].shape = [0.5, 1024];
    }),
    KEY,
    "no valid shape",
  ],
  [
    "a shape beyond counting",
    inWeights((header) => {
      header[KEY].shape = [2 ** 40, 2 ** 40];
    }),
    KEY,
    "needs",
  ],
  [
    "offsets beyond the end",
    inWeights((header) => {
      header[KEY].data_offsets = [10 ** 9, 10 ** 9 + 2048];
    }),
    WEIGHTS,
    KEY,
    "ends at byte",
  ],
  ["offsets in reverse", inWeights((header) => void header[KEY].data_offsets.reverse()), KEY, "data_offsets"],
  [
    "negative offsets",
    inWeights((header) => {
      header[KEY].data_offsets = [-2048, 0];
    }),
    KEY,
    "data_offsets",
  ],
  ["one offset", inWeights((header) => void header[KEY].data_offsets.pop()), KEY, "data_offsets"],
  [
    "offsets that overlap",
    inWeights((header) => {
      const [begin] = header[QUERY].data_offsets;
      header[KEY].data_offsets = [begin + 4, begin + 4 + 2048];
    }),
    WEIGHTS,
    KEY,
    QUERY,
    "overlap",
  ],
  [
    "a missing tensor",
    inWeights((header) => void delete header[NORM]),
    WEIGHTS,
    "ends 128 bytes after its last tensor",
  ],
  ["a gap", inWeights((header) => void delete header[KEY]), WEIGHTS, "2048 bytes before tensor", "belong to none"],
  [
    "a tensor that is there twice",
    asWeights((old) => {
      const text = old.toString("latin1").replace(`"${KEY}"`, `"${QUERY}"`);
      return Buffer.from(text, "latin1").fill(" ", 8 + Number(old.readBigUInt64LE()) - (KEY.length - QUERY.length));
    }),
    WEIGHTS,
    "damaged",
  ],
  [
    "a name that is not UTF-8",
    asWeights((old) => {
      old[old.indexOf("model.norm")] = 0xff;
      return old;
    }),
    WEIGHTS,
    "header is not JSON",
    "UTF-8",
  ],
  [
    "a header nested without end",
    asWeights(() => safetensors(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, Buffer.alloc(8))),
    WEIGHTS,
    "nested deeper",
  ],
  [
    "a shape of a hundred thousand dimensions",
    inWeights((header) => {
      header[KEY].shape = Array(100_000).fill(1);
    }),
    KEY,
    "no valid shape: [1,1,1,",
  ],
  [
    "a pipe in the place of the weights",
    (folder) => {
      rmSync(join(folder, WEIGHTS));
      execFileSync("mkfifo", [join(folder, WEIGHTS)]);
    },
    WEIGHTS,
    "no regular file",
  ],
  [
    "a tensor of another name",
    inWeights((header) => {
      header["transformer.norm"] = header[NORM];
      delete header[NORM];
    }),
    `tensor "${NORM}" is missing`,
  ],
  [
    "a tensor turned around",
    inWeights((header) => void header[KEY].shape.reverse()),
    WEIGHTS,
    KEY,
    /\[32,16\].*\[16,32\]/,
  ],
  ["NaN", withValue(NORM, Number.NaN), WEIGHTS, NORM, "holds NaN"],
  ["infinity", withValue(EMBEDDING, Number.NEGATIVE_INFINITY), WEIGHTS, EMBEDDING, "holds -Infinity"],
  ["no weights at all", (folder) => rmSync(join(folder, WEIGHTS)), "holds no weights"],
  [
    "a folder in the place of the weights",
    (folder) => {
      rmSync(join(folder, WEIGHTS));
      mkdirSync(join(folder, WEIGHTS));
    },
    WEIGHTS,
    "cannot be read",
  ],
];

/** The header length reduced by one: the header's last padding space is taken for data. */
function shortened(old: Buffer): Buffer {
  old.writeBigUInt64LE(old.readBigUInt64LE() - 1n);
  return old;
}

const INDEX = `${WEIGHTS}.index.json`;

const inIndex =
  (change: (map: Record<string, unknown>) => unknown): Damage =>
  (folder) =>
    editJson(join(folder, INDEX), (index) => ({
      weight_map: change(index.weight_map as Record<string, unknown>) ?? index.weight_map,
    }));

const SHARDS: Case[] = [
  [
    "a shard above the folder",
    inIndex((map) => ({ ...map, [NORM]: "../llama-gqa/model.safetensors" })),
    INDEX,
    "../llama-gqa/model.safetensors",
    "not a file name in this folder",
  ],
  ["a shard by its full path", inIndex((map) => ({ ...map, [NORM]: "/etc/passwd" })), INDEX, "/etc/passwd"],
  ["a shard that is a number", inIndex((map) => ({ ...map, [NORM]: 3 })), INDEX, "not a file name"],
  [
    "a shard with a null in its name",
    inIndex((map) => ({ ...map, [NORM]: "model\0.safetensors" })),
    INDEX,
    "not a file",
  ],
  ["a shard of a long name", inIndex((map) => ({ ...map, [NORM]: "m".repeat(10 ** 6) })), INDEX, '"mmmm', "not a file"],
  ["an empty index", inIndex(() => ({})), INDEX, "weight_map"],
  ["no weight_map", (folder) => writeFileSync(join(folder, INDEX), "{}"), INDEX, "weight_map"],
  ["an index that is not JSON", (folder) => writeFileSync(join(folder, INDEX), '{"weight_map": '), INDEX],
  ["a missing shard", (folder) => rmSync(join(folder, "model-00002-of-00003.safetensors")), "model-00002-of-00003"],
];

const CONFIG: Case[] = [
  ["no config", (folder) => rmSync(join(folder, "config.json")), "config.json", "no such file"],
  ["a config that is not JSON", (folder) => writeFileSync(join(folder, "config.json"), "{,}"), "config.json"],
  ["a config that is a list", (folder) => writeFileSync(join(folder, "config.json"), "[]"), "config.json", "object"],
  ["an unknown model_type", inConfig({ model_type: "mamba" }), "config.json", 'unknown model_type "mamba"', "llama"],
  ["no model_type", inConfig({ model_type: undefined }), "config.json", "model_type is missing"],
  ["no width", inConfig({ hidden_size: undefined }), "config.json", "hidden_size is missing"],
  ["a width in words", inConfig({ hidden_size: "32" }), "config.json", "hidden_size", "a whole number"],
  ["no layers", inConfig({ num_hidden_layers: 0 }), "config.json", "num_hidden_layers"],
  ["one layer too many", inConfig({ num_hidden_layers: 4 }), 'tensor "model.layers.3', "missing"],
  ["a head of 2^40 features", inConfig({ head_dim: 2 ** 40 }), "config.json", "head_dim = 1099511627776"],
  [
    "a device in its place",
    (folder) => {
      rmSync(join(folder, "config.json"));
      symlinkSync("/dev/zero", join(folder, "config.json"));
    },
    "config.json",
    "no regular file",
  ],
  ["a width of a megabyte", inConfig({ hidden_size: "w".repeat(2 ** 20) }), "config.json", "hidden_size", '"wwww'],
  ["a billion layers", inConfig({ num_hidden_layers: 1e9 }), "config.json", "claims 1000000000 layers"],
  ["another width", inConfig({ hidden_size: 64 }), WEIGHTS, /\[96,32\].*\[96,64\]/],
  ["another vocabulary", inConfig({ vocab_size: 97 }), WEIGHTS, EMBEDDING, "[97,32]"],
  ["heads that cannot share", inConfig({ num_key_value_heads: 3 }), "config.json", "num_key_value_heads"],
  ["an unknown activation", inConfig({ hidden_act: "snake" }), "config.json", "hidden_act", "snake"],
  ["an unknown rotary scaling", inConfig({ rope_parameters: { rope_type: "mrope" } }), "config.json", "mrope"],
];

const WINDOWED: Case[] = [
  ["too few types of layers", inConfig({ layer_types: ["full_attention"] }), "config.json", "a list of 1 for 3 layers"],
  [
    "an unknown type of layer",
    inConfig({ layer_types: Array(3).fill("mamba") }),
    "config.json",
    "layer_types",
    "mamba",
  ],
  ["a window of a quarter token", inConfig({ sliding_window: 0.25 }), "config.json", "sliding_window is 0.25"],
  ["a layer's rotary settings in words", inConfig({ rope_parameters: "default" }), "config.json", "rope_parameters"],
  ["soft-capped logits", inConfig({ final_logit_softcapping: 30 }), "config.json", "final_logit_softcapping = 30"],
  ["attention in both directions", inConfig({ use_bidirectional_attention: true }), "use_bidirectional_attention"],
  ["layers with settings of their own", inConfig({ per_layer_config: { 1: {} } }), "config.json", "per_layer_config"],
  ["another size of heads", inConfig({ head_dim: 24 }), WEIGHTS, "q_proj", "[96,32]"],
];

const TURNED: Case[] = [
  ["more features turned than a head has", inConfig({ rotary_pct: 64 }), "config.json", "rotary_pct = 64"],
  ["fewer than none", inConfig({ rotary_pct: -0.5 }), "config.json", "rotary_pct = -0.5"],
];

const TOKENIZER = "tokenizer.json";

const inTokenizer =
  (change: (definition: Record<string, unknown>) => unknown): Damage =>
  (folder) =>
    editJson(join(folder, TOKENIZER), change);

const TOKENIZERS: Case[] = [
  ["no tokenizer", (folder) => rmSync(join(folder, TOKENIZER)), TOKENIZER],
  ["half a tokenizer", (folder) => truncateSync(join(folder, TOKENIZER), 500), TOKENIZER],
  ["an empty object", (folder) => writeFileSync(join(folder, TOKENIZER), "{}"), TOKENIZER],
  ["no model", inTokenizer((definition) => void delete definition.model), TOKENIZER],
  [
    "patterns that never end",
    inTokenizer((definition) => ({
      ...definition,
      pre_tokenizer: {
        type: "Split",
        pattern: { Regex: "(?:[^x]|[^x]|[^x]|[^x])+(?<=x)" },
        behavior: "Isolated",
        invert: false,
      },
    })),
    TOKENIZER,
    "does not come to an end",
  ],
  [
    "pieces of no length",
    inTokenizer((definition) => ({ ...definition, pre_tokenizer: { type: "FixedLength", length: 0 } })),
    TOKENIZER,
    "pieces of length 0",
  ],
  [
    "texts that grow without bounds",
    inTokenizer((definition) => ({
      ...definition,
      normalizer: {
        type: "Sequence",
        normalizers: Array(9).fill({ type: "Replace", pattern: { Regex: "" }, content: "0123456789" }),
      },
    })),
    TOKENIZER,
    "grow without bounds",
  ],
  [
    "an id that is a text",
    inTokenizer((definition) => {
      (definition.model as { vocab: Record<string, unknown> }).vocab.b = "2";
    }),
    TOKENIZER,
    'the id "2"',
  ],
  ["no vocabulary", inTokenizer((definition) => ({ ...definition, model: { type: "BPE", merges: [] } })), TOKENIZER],
  ["an unknown kind of model", inTokenizer((definition) => ({ ...definition, model: { type: "Runes" } })), TOKENIZER],
  [
    "ids that the model does not know",
    inTokenizer((definition) => {
      const model = definition.model as { vocab: Record<string, number> };
      for (const piece of Object.keys(model.vocab)) model.vocab[piece] += 96;
    }),
    /token id 1\d\d at position 0 is out of range/,
  ],
];

async function expectRefused(prompt: readonly string[], folder: string, words: (string | RegExp)[]): Promise<void> {
  const before = filesBelow(folder);
  const out = join(folder, "out", "hidden.npy");
  expectRefusal(await askProgram(["extract", "--model", join(folder, "model"), ...prompt, "--out", out]), ...words);
  expect(filesBelow(folder)).toEqual(before);
}

describe.each([
  ["safetensors", "llama-gqa", SAFETENSORS],
  ["an index of several files", "llama-sharded", SHARDS],
  ["config.json", "llama-gqa", CONFIG],
  ["config.json of Gemma 3", "gemma3-text-layer-types", WINDOWED],
  ["config.json of GPT-NeoX", "gpt-neox-parallel", TURNED],
])("%s", (_, variant, cases) => {
  test.each(cases)("%s", async (_title, damage, ...words) => {
    const folder = temporaryFolder();
    damage(copyModel(variant, join(folder, "model")));
    await expectRefused(["--ids", "0,1,2"], folder, words);
  });
});

describe("tokenizer.json", () => {
  test.each(TOKENIZERS)("%s", async (_title, damage, ...words) => {
    const folder = temporaryFolder();
    damage(copyModelWithTokenizer(join(folder, "model")));
    const text = join(folder, "text.txt");
    writeFileSync(text, "To be, or not to be");
    await expectRefused(["--text-file", text], folder, words);
  });
});

describe("the model folder", () => {
  test.each([
    ["missing", "no-such-model", "no such model folder or file"],
    ["a file of another kind", "package.json", "is no GGUF file"],
  ])("%s", async (_, name, why) => {
    const folder = temporaryFolder();
    const model = join(PROJECT, name);
    const args = ["extract", "--model", model, "--ids", "1", "--out", join(folder, "hidden.npy")];
    expectRefusal(await askProgram(args), model, why);
    expect(filesBelow(folder)).toEqual([]);
  });

  test("links, as the Hugging Face cache makes them, are followed", async () => {
    const folder = temporaryFolder();
    const blobs = copyModel("llama-gqa", join(folder, "blobs"));
    mkdirSync(join(folder, "snapshot"));
    for (const name of ["config.json", WEIGHTS]) symlinkSync(join(blobs, name), join(folder, "snapshot", name));
    const out = join(folder, "hidden.npy");
    const result = await askProgram(["extract", "--model", join(folder, "snapshot"), "--ids", "1,2,3", "--out", out]);
    expect(result).toMatchObject({ status: 0 });
  });
});
