/** The program `token-geometry` as other programs use it: JSON alone on stdout, arrays that NumPy can read, help. */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readNpy } from "../lib/src/machine/support/npy";
import { type CommandResult, expectRefusal, PROGRAM, PROJECT, runProgram } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import { copyModelWithTokenizer, MODEL_FIXTURES } from "./support/tinyModel";

const GEOMETRY = join(PROJECT, "tests/fixtures/geometry");

/** The JSON that a command leaves on stdout; what else it has to say is on stderr. */
function parsed({ status, stdout, stderr }: CommandResult) {
  expect(status, stderr).toBe(0);
  expect(stderr).toContain("backend wasm");
  expect(stdout).toMatch(/^\{.*\}\n$/);
  return JSON.parse(stdout);
}

/** Numbers that agree to a part in 1e-4 of the largest. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const largest = Math.max(...Array.from(expected, Math.abs));
  const difference = Array.from(expected, (value, i) => Math.abs(value - actual[i]));
  expect(actual.length).toBe(expected.length);
  expect(Math.max(...difference)).toBeLessThan(1e-4 * largest);
}

describe("extract", () => {
  test("--ids: hidden states, loss and mean entropy of Hugging Face transformers", async () => {
    const model = join(MODEL_FIXTURES, "llama-gqa");
    const ids: number[] = JSON.parse(readFileSync(join(model, "ids.json"), "utf8"));
    const expected = JSON.parse(readFileSync(join(model, "expected.json"), "utf8"));
    const out = join(temporaryFolder(), "new", "hidden.npy");
    const summary = parsed(
      await runProgram(["extract", "--model", model, "--ids", ids.join(","), "--out", out, "--json"]),
    );
    expect(Object.keys(summary)).toEqual(["loss", "meanEntropy", "shape", "tokens"]);
    expect(summary).toMatchObject({ shape: [4, ids.length, 32], tokens: ids });
    expect(summary.loss).toBeCloseTo(expected.loss, 5);
    expect(summary.meanEntropy).toBeCloseTo(expected.meanEntropy, 5);
    const hidden = readNpy(out);
    expect(hidden.shape).toEqual(summary.shape);
    expect(hidden.data).toBeInstanceOf(Float32Array);
    expectClose(hidden.data, readNpy(join(model, "hidden.npy")).data);
    const alone = await runProgram(["extract", "--model", model, "--ids", ids.join(","), "--json"]);
    expect(parsed(alone)).toEqual(summary);
  });

  test("--text-file: cut to --tokens, hidden states of the reference", async () => {
    const reference = JSON.parse(readFileSync(join(PROJECT, "tests/fixtures/embedded/pythia-mini.json"), "utf8"));
    const { prompt, tokens, file } = reference.hidden;
    const out = join(temporaryFolder(), "hidden.npy");
    const text = join(PROJECT, "data/prompts", `${prompt}.txt`);
    const model = join(PROJECT, "data/models/pythia-mini");
    const args = ["extract", "--model", model, "--text-file", text, "--tokens", String(tokens), "--out", out, "--json"];
    const summary = parsed(await runProgram(args));
    expect(summary.tokens).toHaveLength(tokens);
    expectClose(readNpy(out).data, readNpy(join(PROJECT, "tests/fixtures/embedded", file)).data);
  });

  test("a last hidden state of another width (OPT-350M) goes into a file of its own", async () => {
    const model = join(MODEL_FIXTURES, "opt-post-norm-projections");
    const ids: number[] = JSON.parse(readFileSync(join(model, "ids.json"), "utf8"));
    const folder = temporaryFolder();
    const out = join(folder, "hidden.npy");
    const summary = parsed(
      await runProgram(["extract", "--model", model, "--ids", ids.join(","), "--out", out, "--json"]),
    );
    const expected = [readNpy(join(model, "hidden.npy")), readNpy(join(model, "hidden-last.npy"))];
    expect([summary.shape, summary.last.shape]).toEqual(expected.map(({ shape }) => shape));
    expect(summary.last.file).toBe(join(folder, "hidden-last.npy"));
    expectClose(readNpy(out).data, expected[0].data);
    expectClose(readNpy(summary.last.file).data, expected[1].data);
  });

  test.each([["-"], ["/dev/stdout"], ["the file that it is redirected to"]])("--out %s: the array alone", (name) => {
    const path = join(temporaryFolder(), "hidden.npy");
    const out = name.startsWith("the") ? path : name;
    const file = openSync(path, "w");
    const args = ["extract", "--model", join(MODEL_FIXTURES, "gpt2"), "--ids", "5,6", "--out", out];
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      stdio: ["ignore", file, "pipe"],
      env: { ...process.env, TOKEN_GEOMETRY_BACKEND: "wasm" },
    });
    closeSync(file);
    expect({ status, said: String(stderr) }).toEqual({ status: 0, said: expect.stringContaining(`${out}: [3,2,`) });
    expect(readNpy(path).shape.slice(0, 2)).toEqual([3, 2]);
  });

  test("on the standard output there is one thing alone, and room for one array", async () => {
    const extract = (model: string, ...more: string[]) =>
      runProgram(["extract", "--model", join(MODEL_FIXTURES, model), "--ids", "5,6", "--out", "-", ...more]);
    expectRefusal(await extract("gpt2", "--json"), "--json goes to standard output, as --out does");
    const { status, stdout, stderr } = await extract("opt-post-norm-projections");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain("error: -: the last hidden state is of another width and needs a file of its own");
  });

  test("--generate: the hidden states of the prompt and of what the model makes of it, as transformers does", async () => {
    const { models } = JSON.parse(readFileSync(join(PROJECT, "tests/fixtures/generated.json"), "utf8"));
    const { prompt, new: written, logProbabilities } = models["mistral-window"];
    const out = join(temporaryFolder(), "hidden.npy");
    const args = ["extract", "--model", join(MODEL_FIXTURES, "mistral-window"), "--ids", prompt.join(), "--out", out];
    const summary = parsed(await runProgram([...args, "--generate", "5", "--json"]));
    expect(summary.tokens).toEqual([...prompt, ...written.slice(0, 5)]);
    expect(summary.generated).toMatchObject({ promptTokens: prompt.length, text: "" });
    expectClose(summary.generated.logProbabilities, logProbabilities.slice(0, 5));
    expect(readNpy(out).shape).toEqual(summary.shape);
    const drawing = [
      "--generate",
      "5",
      "--temperature",
      "2",
      "--top-k",
      "40",
      "--top-p",
      ".9",
      "--seed",
      "a",
      "--json",
    ];
    const [first, again] = [await runProgram([...args, ...drawing]), await runProgram([...args, ...drawing])];
    expect(parsed(first)).toEqual(parsed(again));
    expect(parsed(first).tokens).not.toEqual(summary.tokens);
    expectRefusal(await runProgram([...args, "--seed", "1"]), "--seed is for --generate, which is not given");
    expectRefusal(await runProgram([...args, "--generate", "5", "--temperature", "0"]), "temperature is 0");
  });

  test("one token has no loss: null", async () => {
    const out = join(temporaryFolder(), "hidden.npy");
    const args = ["extract", "--model", join(MODEL_FIXTURES, "gpt2"), "--ids", "5", "--out", out, "--json"];
    expect(parsed(await runProgram(args))).toMatchObject({ loss: null, tokens: [5] });
  });

  test("without --json: one line for people", async () => {
    const out = join(temporaryFolder(), "hidden.npy");
    const args = ["extract", "--model", join(MODEL_FIXTURES, "gpt2"), "--ids", "5, 6,7", "--out", out];
    const { stdout } = await runProgram(args);
    expect(stdout).toMatch(/^.*hidden\.npy: \[\d+,3,\d+\]; loss \d+\.\d{4} nats, mean entropy \d+\.\d{4} nats\n$/);
  });
});

describe("geometry", () => {
  test("several clouds: every field of the reference, and nothing else", async () => {
    const reference = JSON.parse(readFileSync(join(GEOMETRY, "noisy.json"), "utf8"));
    const files: string[] = reference.clouds.map(({ file }: { file: string }) => join(GEOMETRY, file));
    const report = parsed(await runProgram(["geometry", ...files, "--json"]));
    expect(fieldsOf(report)).toEqual(fieldsOf(reference));
    expect(report.clouds.map(({ file }: { file: string }) => file)).toEqual(files);
    expect(report.neighborhoodOverlap.map(({ from, to }: { from: string; to: string }) => [from, to])).toEqual(
      files.slice(1).map((file, index) => [files[index], file]),
    );
  });

  test("what does not exist is null", async () => {
    const { clouds } = parsed(await runProgram(["geometry", join(GEOMETRY, "all-equal.npy"), "--json"]));
    expect(clouds[0]).toMatchObject({
      intrinsicDimension: [],
      twoNN: { fit: null, ml: null },
      neighborAngleDegrees: { mean: null, std: null },
    });
  });

  test("an array of extract: every layer is a cloud", async () => {
    const out = join(temporaryFolder(), "hidden.npy");
    await runProgram(["extract", "--model", join(MODEL_FIXTURES, "gpt2"), "--ids", "1,2,3,4,5,6", "--out", out]);
    const layers = readNpy(out).shape[0];
    const report = parsed(await runProgram(["geometry", out, "--json"]));
    expect(report.clouds.map(({ file }: { file: string }) => file)).toEqual(
      Array.from({ length: layers }, (_, layer) => `${out}[${layer}]`),
    );
    expect(report.neighborhoodOverlap).toHaveLength(layers - 1);
    const { stdout } = await runProgram(["geometry", out]);
    expect(stdout.match(/GRIDE n2 =/g)).toHaveLength(2 * layers);
    expect(stdout).not.toMatch(/NaN|undefined|null/);
  });

  test("float64", async () => {
    const reference = JSON.parse(readFileSync(join(GEOMETRY, "float64.json"), "utf8"));
    const report = parsed(await runProgram(["geometry", join(GEOMETRY, "float64.npy"), "--json"]));
    const [expected, actual] = [reference, report].map(({ clouds }) => clouds[0].intrinsicDimension);
    for (const [i, { id }] of expected.entries()) expect(actual[i].id / id).toBeCloseTo(1, 6);
  });
});

describe("run", () => {
  test("--json: the manifest and every layer of every unit", async () => {
    const folder = temporaryFolder();
    const model = copyModelWithTokenizer(join(folder, "tiny"));
    writeFileSync(join(folder, "two.jsonl"), '{"name": "first", "text": "abcdefghijklmnopq"}\n"ponmlkjihgfedcba"\n');
    const args = [
      "run",
      "--model",
      model,
      "--prompts",
      join(folder, "two.jsonl"),
      "--tokens",
      "16",
      "--shuffle",
      "0,2",
    ];
    const { manifest, results } = parsed(await runProgram([...args, "--store", join(folder, "store"), "--json"]));
    expect(manifest).toMatchObject({
      settings: { tokens: 16, shuffleIndices: [0, 2], seed: "0" },
      dtype: "float32",
      backend: "wasm",
      node: process.version,
    });
    expect(manifest.models[0]).toMatchObject({
      name: "tiny",
      prompts: 2,
      promptSet: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(manifest.models[0].files["model.safetensors"]).toMatch(/^[0-9a-f]{64}$/);
    expect(manifest.models[0].units).toHaveLength(4);
    const units = results.map(({ prompt, shuffleIndex }: Record<string, unknown>) => [prompt, shuffleIndex]);
    expect(units).toEqual([
      ["first", 0],
      ["first", 2],
      ["two-2", 0],
      ["two-2", 2],
    ]);
    for (const { result } of results) {
      expect(Object.keys(result).sort()).toEqual(["layers", "loss", "meanEntropy"]);
      expect(result.layers).toHaveLength(4);
      for (const [index, layer] of result.layers.entries()) {
        expect(layer.intrinsicDimension.map(({ scaling }: { scaling: number }) => scaling)).toEqual([2, 4, 8]);
        expect(layer.neighborhoodOverlap).toHaveLength(index === 0 ? 0 : 15);
        expect(layer.cosineSimilarity.mean).toBeGreaterThan(-1);
        expect(layer.neighborAngle.histogram).toHaveLength(90);
      }
    }
  });
});

/** The names of all fields, one level after the other, with the kind of what they hold. */
function fieldsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fieldsOf);
  if (value === null || typeof value !== "object") return value === null ? "number" : typeof value;
  return Object.entries(value).map(([key, part]) => [key, fieldsOf(part)]);
}

describe("help", () => {
  test.each([
    ["the program", ["--help"], ["extract", "geometry", "run", "models"]],
    [
      "extract",
      ["extract", "--help"],
      [
        "--model",
        "--text-file",
        "--ids",
        "--out",
        "--layers",
        "--dtype",
        "--format",
        "--tokens",
        "--json",
        "--backend",
      ],
    ],
    ["geometry", ["geometry", "--help"], ["<files...>", "--json", "--backend", ".npy"]],
    [
      "run",
      ["run", "--help"],
      ["--model", "--prompts", "--count", "--tokens", "--shuffle", "--seed", "--store", "--json"],
    ],
    ["rows", ["rows", "--help"], ["--out", "--format", "--quantity", "--layer", "--manifest", "parquet", "pandas"]],
    ["models", ["models", "--help"], ["--json"]],
  ])("of %s: on stdout, exit code 0", async (_, args, words) => {
    const { status, stdout, stderr } = await runProgram(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const word of words) expect(stdout).toContain(word);
  });

  test("every command that the program lists has a help of its own", async () => {
    const { stdout } = await runProgram(["--help"]);
    const commands = [...stdout.slice(stdout.indexOf("Commands:")).matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
    expect(commands.length).toBeGreaterThan(4);
    for (const name of commands.filter((name) => name !== "help")) {
      const help = await runProgram([name, "--help"]);
      expect(help).toMatchObject({ status: 0, stderr: "" });
      expect(help.stdout).toMatch(new RegExp(`^Usage: token-geometry ${name} `));
    }
  });

  test("without a command: the help, on stderr, exit code 1", async () => {
    const { status, stdout, stderr } = await runProgram([]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^Usage: token-geometry /);
  });

  test("--version", async () => {
    const { version } = JSON.parse(readFileSync(join(PROJECT, "lib/package.json"), "utf8"));
    expect(await runProgram(["--version"])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  });
});

test.skipIf(process.platform === "win32")("npx finds the program in the workspace", () => {
  const help = execFileSync(process.execPath, [join(PROJECT, "node_modules/.bin/token-geometry"), "--help"]);
  expect(help.toString()).toContain("Usage: token-geometry");
});
