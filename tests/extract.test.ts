/** `token-geometry extract`: which layers, in which precision, as which kind of file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSafetensorsHeader } from "../lib/src/machine/checkpoint/safetensors";
import { fromFloat16, toFloat16 } from "../lib/src/machine/support/float16";
import { readNpy } from "../lib/src/machine/support/npy";
import { askProgram, expectRefusal, filesBelow } from "./support/cli";
import { temporaryFolder } from "./support/notebooks";
import { copyModel, editSafetensors, MODEL_FIXTURES } from "./support/tinyModel";

const MODEL = join(MODEL_FIXTURES, "llama-gqa");
const extract = (...args: string[]) => askProgram(["extract", "--ids", "5,6,7", ...args]);
const fromModel = (...args: string[]) => extract("--model", MODEL, ...args);

/** The layers of an array [layers, tokens, width]. */
function layersOf({ shape, data }: ReturnType<typeof readNpy>): Float32Array[] {
  const size = shape[1] * shape[2];
  return Array.from({ length: shape[0] }, (_, layer) => data.slice(layer * size, (layer + 1) * size) as Float32Array);
}

test("--layers: these alone, in this order, and their numbers", async () => {
  const folder = temporaryFolder();
  const [all, some] = ["all.npy", "some.npy"].map((name) => join(folder, name));
  await fromModel("--out", all);
  const { status, stdout } = await fromModel("--out", some, "--layers", "-1,0,2", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ layers: [3, 0, 2], shape: [3, 3, 32], tokens: [5, 6, 7] });
  const [zeroth, , second, last] = layersOf(readNpy(all));
  expect(layersOf(readNpy(some))).toEqual([last, zeroth, second]);
  expect((await fromModel("--out", some, "--layers", "1")).stdout).toContain("some.npy: [1,3,32] of layer 1; loss");
  expect(JSON.parse((await fromModel("--json", "--layers", "-4")).stdout)).toMatchObject({
    layers: [0],
    shape: [1, 3, 32],
  });
});

test("--dtype float16: the nearest numbers; as .safetensors a tensor a layer", async () => {
  const folder = temporaryFolder();
  const [all, half, tensors] = ["all.npy", "half.npy", "half.safetensors"].map((name) => join(folder, name));
  await fromModel("--out", all);
  await fromModel("--out", half, "--dtype", "float16");
  const rounded = layersOf(readNpy(all)).map((values) => fromFloat16(toFloat16(values)));
  expect(layersOf(readNpy(half))).toEqual(rounded);
  expect((await fromModel("--out", tensors, "--dtype", "float16", "--layers", "3,1")).status).toBe(0);
  const header = readSafetensorsHeader(tensors);
  expect([...header.keys()]).toEqual(["hidden_states.3", "hidden_states.1"]);
  const bytes = readFileSync(tensors);
  for (const [name, { begin, end, shape, elementType }] of header) {
    expect({ shape, elementType }).toEqual({ shape: [3, 32], elementType: "F16" });
    const values = fromFloat16(new Uint16Array(new Uint8Array(bytes.subarray(begin, end)).buffer));
    expect(values, name).toEqual(rounded[Number(name.at(-1))]);
  }
  const said = JSON.parse(bytes.toString("utf8", 8, 8 + Number(bytes.readBigUInt64LE()))).__metadata__;
  expect(said).toMatchObject({ model: "llama-gqa", tokens: "[5,6,7]" });
  const hash = JSON.parse(said.hash);
  expect(hash["model.safetensors"]).toMatch(/^[0-9a-f]{64}$/);
  const made = { layers: [3, 1], dtype: "float16", backend: "wasm", node: process.version, files: hash };
  expect(JSON.parse(said.provenance)).toMatchObject(made);
});

test("a last state of another width is a tensor of the same file, or alone in one", async () => {
  const folder = temporaryFolder();
  const model = join(MODEL_FIXTURES, "opt-post-norm-projections");
  const [tensors, alone, both] = ["a.safetensors", "alone.npy", "both.npy"].map((name) => join(folder, name));
  const { stdout, stderr } = await extract("--model", model, "--out", tensors, "--json");
  const [states, tokens, width] = JSON.parse(stdout).shape;
  const { last } = JSON.parse(stdout);
  expect(stderr).toContain(`it is in ${tensors}`);
  expect(last.file).toBe(tensors);
  const shapes = [...readSafetensorsHeader(tensors).values()].map(({ shape }) => shape);
  expect(shapes).toEqual([...Array.from({ length: states }, () => [tokens, width]), last.shape]);
  await extract("--model", model, "--out", alone, "--layers", "-1");
  expect(readNpy(alone).shape).toEqual([1, ...last.shape]);
  await extract("--model", model, "--out", both, "--layers", "-1,0");
  expect(readNpy(both).shape).toEqual([1, tokens, width]);
  expect(filesBelow(folder)).toEqual(["a.safetensors", "alone.npy", "both-last.npy", "both.npy"]);
});

test("what cannot be is refused in one line, and nothing is written", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "hidden.npy");
  const refusal = async (args: string[], said: string) => expectRefusal(await fromModel("--out", out, ...args), said);
  await refusal(["--layers", "0,4"], "the model has no layer 4; it has 0 to 3, or -4 to -1 from the end");
  await refusal(["--layers", "3,-1"], "layer 3 is named twice");
  await refusal(["--layers", "last"], "must be numbers of layers with commas between them");
  await refusal(["--dtype", "bfloat16"], "Allowed choices are float32, float16");
  await refusal(["--format", "csv"], "Allowed choices are npy, safetensors");
  expectRefusal(await fromModel("--json", "--format", "npy"), "--format is for --out, which is not given");
  expect(filesBelow(folder)).toEqual([]);
});

test("numbers that float16 does not hold are named; other layers can be had", async () => {
  const folder = temporaryFolder();
  const model = copyModel("llama-gqa", join(folder, "large"));
  editSafetensors(join(model, "model.safetensors"), (header, data) => {
    const [begin, end] = header["model.embed_tokens.weight"].data_offsets;
    for (let at = begin; at < end; at += 4) data.writeFloatLE(1e7 * data.readFloatLE(at), at);
  });
  const out = join(folder, "hidden.npy");
  const args = ["--model", model, "--out", out, "--dtype", "float16"];
  const { status, stderr } = await extract(...args);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^error: layer 0 holds -?\d+(\.\d+)?, and float16 ends at ±65504: .*\n$/),
  });
  expect(filesBelow(folder)).not.toContain("hidden.npy");
  expect((await extract(...args, "--layers", "-1")).status).toBe(0); // After the norm.
  expect(readNpy(out).shape).toEqual([1, 3, 32]);
});
