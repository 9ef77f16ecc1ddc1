// A process that reads hostile files with the built library, one input after the other, and says what came of each: a
// result, a refusal (UserError), or a defect. It is killed from outside if it hangs, and another one is started.

const fs = require("node:fs");
const { tmpdir } = require("node:os");
const { dirname, join, resolve } = require("node:path");

const PROJECT = resolve(__dirname, "../..");
const library = (name) => require(join(PROJECT, "lib/dist", name));
const { UserError } = library("machine/support/errors");

/** Processor time that an input may take, in seconds; memory, in bytes; address space, in bytes. */
const LONGEST_TIME = 20;
const MOST_MEMORY = 512 * 2 ** 20;
const MOST_ADDRESSES = 4 * 2 ** 30;

const root = fs.mkdtempSync(join(tmpdir(), "token-geometry-hostile-"));
process.on("exit", () => fs.rmSync(root, { recursive: true, force: true }));
process.on("disconnect", () => process.exit());

/** Files that were opened outside of the input's folder. */
const escapes = new Set();
for (const name of ["openSync", "readFileSync", "createReadStream", "writeFileSync"]) {
  const original = fs[name];
  fs[name] = (path, ...rest) => {
    if (typeof path === "string") {
      const full = resolve(path);
      const allowed = [join(root, "input"), PROJECT, "/proc/", "/sys/"].some((start) => full.startsWith(start));
      if (!allowed) escapes.add(full);
    }
    return original(path, ...rest);
  };
}

const check = (condition, what) => {
  if (!condition) throw new Error(`broken promise: ${what}`);
};

/** Values of tensors: each a result or a refusal. */
function readTensors(folder, tensors) {
  const { readRows, readValues } = library("machine/checkpoint/storedTensor");
  for (const tensor of tensors.values()) {
    check(tensor.begin >= 0 && tensor.begin <= tensor.end, `${tensor.name} ends before it begins`);
    check(tensor.end <= fs.statSync(tensor.file).size, `${tensor.name} runs past the end of its file`);
    check(dirname(tensor.file) === folder, `${tensor.name} lies outside of the folder`);
    const size = tensor.shape.reduce((product, dimension) => product * dimension, 1);
    allowRefusal(() => check(readValues(tensor).length === size, `${tensor.name} has another size than its shape`));
    if (tensor.shape.length === 2 && tensor.shape[0] > 0) {
      allowRefusal(() => check(readRows(tensor, [0]).length === tensor.shape[1], `a row of ${tensor.name}`));
    }
  }
}

function allowRefusal(work) {
  try {
    work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

async function runThreeTokens(folder) {
  const { openCheckpoint } = library("machine/checkpoint/checkpoint");
  const { loadNetwork } = library("model/network");
  const { runNetwork } = library("model/forward");
  await library("machine/backend/backend").chooseBackend("cpu");
  const checkpoint = openCheckpoint(folder);
  readTensors(folder, checkpoint.tensors);
  const model = await loadNetwork(checkpoint, { memory: 2 ** 30 });
  try {
    const widths = [];
    await runNetwork(model, [1, 2, 3], { onHiddenState: ({ values }) => void widths.push(values.length) });
    check(widths.length === model.architecture.layers + 1, "a hidden state is missing");
  } finally {
    model.dispose();
  }
}

/** By reader: gets the folder that holds the input's files. */
const READERS = {
  safetensors: (folder) =>
    readTensors(
      folder,
      library("machine/checkpoint/safetensors").readSafetensorsHeader(join(folder, "model.safetensors")),
    ),
  torch: (folder) =>
    readTensors(folder, library("machine/checkpoint/pytorchBin").readTorchFile(join(folder, "pytorch_model.bin"))),
  async gguf(folder) {
    const { readGgufHeader } = library("machine/gguf/header");
    for (const name of fs.readdirSync(folder)) {
      const { metadata, tensors } = readGgufHeader(join(folder, name));
      for (const value of metadata.values()) check(value !== undefined, "a value of metadata is missing");
      for (const { begin, end } of tensors.values()) check(begin < end, "a tensor ends before it begins");
    }
    await runThreeTokens(folder);
  },
  config: runThreeTokens,
  index: runThreeTokens,
  adapter(folder) {
    const { openCheckpoint } = library("machine/checkpoint/checkpoint");
    const { withAdapter } = library("machine/checkpoint/adapter");
    const { readRows, readValues } = library("machine/checkpoint/storedTensor");
    const base = openCheckpoint(join(PROJECT, "tests/fixtures/models/llama-gqa")).tensors;
    const { tensors } = withAdapter(folder, "llama", base);
    for (const [name, tensor] of tensors) {
      if (tensor === base.get(name)) continue;
      const size = tensor.shape.reduce((product, dimension) => product * dimension, 1);
      allowRefusal(() => check(readValues(tensor).length === size, `${name} has another size than its shape`));
      if (tensor.lowRank)
        allowRefusal(() => check(readRows(tensor, [0]).length === tensor.shape[1], `a row of ${name}`));
    }
  },
  async tokenizer(folder) {
    const { loadTokenizer } = library("tokens/tokenizer");
    const tokenizer = loadTokenizer(folder);
    for (const text of TEXTS) {
      const ids = tokenizer.encode(text);
      check(
        ids.every((id) => Number.isSafeInteger(id) && id >= 0),
        "a token id is no number from 0 on",
      );
      for (const piece of tokenizer.pieces(ids.slice(0, 20))) check(typeof piece === "string", "a piece is no text");
    }
  },
  /** Clouds, with and without the name of an array or of columns. */
  async array(folder) {
    const { readArray } = library("machine/arrays/readers");
    const { readClouds } = library("machine/arrays/readClouds");
    const [file] = fs.readdirSync(folder);
    const refusals = [];
    const names = ["", ":0", ":x", ":X", ":int8,u*", ":turned", ":embedding", ":word"];
    for (const place of names.map((name) => join(folder, file) + name)) {
      try {
        const { shape, data } = await readArray(place);
        const size = shape.reduce((product, dimension) => product * dimension, 1);
        check(data.length === size, "the shape is not that of the data");
        for (const { cloud } of await readClouds(place))
          check(cloud.values.length === cloud.points * cloud.dimension, "a cloud of another size");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        refusals.push(error);
      }
    }
    if (refusals.length === names.length) throw refusals[0];
  },
  npy(folder) {
    const { shape, data } = library("machine/support/npy").readNpy(join(folder, "array.npy"));
    check(
      data.length === shape.reduce((product, dimension) => product * dimension, 1),
      "the shape is not that of the data",
    );
  },
  zip(folder) {
    const { ZipArchive } = library("machine/support/zip");
    const archive = new ZipArchive(join(folder, "some.zip"));
    try {
      for (const [name, entry] of archive.entries) {
        allowRefusal(() => check(archive.read(name).length === entry.size, `${name} has another size than promised`));
      }
    } finally {
      archive.close();
    }
  },
  async parquet(folder) {
    const { loadPrompts } = library("prompts/prompts");
    const prompts = await loadPrompts(join(folder, "table.parquet"));
    for (const { name, text } of prompts)
      check(typeof name === "string" && typeof text === "string", "a prompt is no text");
  },
  async jsonl(folder) {
    const { loadPrompts } = library("prompts/prompts");
    const prompts = await loadPrompts(join(folder, "prompts.jsonl"));
    for (const { name, text } of prompts)
      check(typeof name === "string" && typeof text === "string", "a prompt is no text");
  },
  notebook(folder) {
    const notebooks = library("programs/runner/notebook");
    const { injectParameters, notebookParameters } = library("programs/runner/parameters");
    const { prepareNotebooks } = library("programs/runner/run");
    const path = join(folder, "some.ipynb");
    const notebook = notebooks.readNotebook(path);
    const text = notebooks.formatNotebook(notebook);
    check(
      notebooks.formatNotebook(notebooks.parseNotebook(text, path)) === text,
      "a notebook changes when it is saved",
    );
    notebooks.formatNotebook(notebooks.clearOutputs(notebooks.normalizeNotebook(notebook)));
    const parameters = notebookParameters(notebook);
    injectParameters(notebook, { N: 3 });
    allowRefusal(() =>
      prepareNotebooks([{ name: "some", path }], new Map(parameters.map(({ name }) => [name, "1,2"]))),
    );
  },
  parameters(folder) {
    const { convertValue, injectParameters, parseParameters } = library("programs/runner/parameters");
    const source = fs.readFileSync(join(folder, "cell.ts"), "utf8");
    const text = fs.readFileSync(join(folder, "value.txt"), "utf8");
    for (const parameter of parseParameters(source).slice(0, 50)) {
      allowRefusal(() => {
        const value = convertValue(parameter, text);
        const cells = [{ cell_type: "code", id: "a", metadata: { tags: ["parameters"] }, source }];
        const injected = injectParameters({ cells, metadata: {} }, { [parameter.name]: value }).cells[1];
        const back = new Function(`let ${parameter.name}; ${injected.source} return ${parameter.name};`)();
        check(JSON.stringify(back) === JSON.stringify(value), "a value arrives as another one");
        check(value === null || ["string", "number", "boolean"].includes(typeof value) || Array.isArray(value), "kind");
      });
    }
  },
  store(folder) {
    const { Store } = library("machine/experiment/store");
    const { experimentsOf, keysOf, unitsOf } = library("machine/experiment/storedExperiment");
    const { experimentStatus } = library("machine/experiment/status");
    const { mergeExperiment } = library("machine/experiment/merge");
    const { UnitClaims } = library("machine/experiment/lock");
    const experiments = experimentsOf(folder);
    for (const experiment of experiments) {
      const status = experimentStatus(new Store(folder), experiment);
      JSON.stringify(status);
      for (const key of unitsOf(experiment).flatMap(keysOf)) {
        const unit = new Store(folder).read(key);
        if (typeof unit === "object") READERS.unit(unit);
      }
    }
    const claims = new UnitClaims(folder);
    claims.take("0".repeat(64));
    claims.close();
    mergeExperiment([folder], experiments, join(folder, "merged.json"));
  },
  /** What a unit promises to those who draw it. */
  unit({ inputs, result, provenance }) {
    check(typeof inputs === "object" && typeof provenance === "object", "a unit without inputs");
    check(result.layers === undefined || Array.isArray(result.layers), "layers are no list");
    for (const layer of result.layers ?? []) {
      for (const name of Object.keys(inputs.metrics))
        check(typeof layer[name] === "object", `${name} of a layer is missing`);
    }
  },
};

const TEXTS = [
  "The tide came in over the flats, and the boats that had lain on their sides all day began to stir.\n\n",
  "  a  b\t\u00a0é\u0301 \ud83d\ude00 日本語 ﷺ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! \ud800 <0x41> <s> ▁▁",
  "ab ".repeat(2000),
];

/** Of this process: resident memory now and at its peak since the last reset, and address space at its peak, in bytes. */
function memory() {
  if (!fs.existsSync("/proc/self/status")) return undefined;
  const status = fs.readFileSync("/proc/self/status", "utf8");
  const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
  return { now: field("VmRSS"), peak: field("VmHWM"), addresses: field("VmPeak") };
}

function resetPeak() {
  try {
    fs.writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux, or not allowed: then only what the process can hold at all is a limit.
  }
}

async function read({ reader, base, files, first }) {
  const folder = join(root, "input");
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  if (base) fs.cpSync(base, folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(folder, name)), { recursive: true });
    fs.writeFileSync(join(folder, name), bytes);
  }
  escapes.clear();
  resetPeak();
  const before = memory();
  const started = process.cpuUsage();
  let outcome = { kind: "result" };
  try {
    await READERS[reader](folder);
  } catch (error) {
    const refused = error instanceof UserError;
    outcome = {
      kind: refused ? "refused" : "defect",
      message: refused ? error.message : String(error?.stack ?? error),
    };
  }
  const used = process.cpuUsage(started);
  const seconds = (used.user + used.system) / 1e6;
  const after = memory();
  const grown = before ? after.peak - before.now : 0;
  const addresses = before ? after.addresses - before.addresses : 0;
  const defect = (message) => ({ kind: "defect", message });
  if (outcome.message?.length > 5000 && outcome.kind === "refused")
    outcome = defect(`a message of ${outcome.message.length} characters`);
  if (Object.hasOwn(Object.prototype, "polluted")) outcome = defect("Object.prototype was changed");
  if (escapes.size > 0) outcome = defect(`opened ${[...escapes].join(", ")}`);
  // What is loaded with the first file counts for none.
  if (first) return { ...outcome, seconds, grown: 0 };
  if (seconds > LONGEST_TIME) outcome = defect(`took ${seconds.toFixed(1)} s`);
  if (grown > MOST_MEMORY) outcome = defect(`took ${(grown / 2 ** 20).toFixed(0)} MiB`);
  if (addresses > MOST_ADDRESSES) outcome = defect(`asked for ${(addresses / 2 ** 30).toFixed(0)} GiB`);
  return { ...outcome, seconds, grown };
}

process.on("uncaughtException", (error) => {
  process.send({ kind: "defect", message: `uncaught: ${error.stack}`, seconds: 0, grown: 0 }, () => process.exit(1));
});
process.on("message", async (input) => process.send(await read(input)));
