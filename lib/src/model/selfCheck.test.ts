import { join } from "node:path";
import { expect, test } from "vitest";
import { expectRefusal, PROJECT, runProgram } from "../../../tests/support/cli";
import { temporaryFolder } from "../../../tests/support/notebooks";
import { copyModelWithTokenizer, editSafetensors, MODEL_FIXTURES } from "../../../tests/support/tinyModel";
import { checkModel } from "./selfCheck";

/** What was verified, by what it is about. */
async function verified(model: string): Promise<Record<string, string>> {
  return Object.fromEntries((await checkModel(model, { backend: "wasm" })).map(({ what, how }) => [what, how]));
}

test("a trained model: all that was verified", async () => {
  const { stdout, status } = await runProgram(["models", "--check", "llama-mini", "--json"]);
  expect(status).toBe(0);
  const { model, verified: list } = JSON.parse(stdout);
  expect([model, ...list.map(({ what }: { what: string }) => what)]).toEqual([
    ...["llama-mini", "family", "weights", "shapes", "index 0", "index 12", "loss", "context"],
  ]);
  expect(list[2].how).toBe("13 hidden states [256, 128], all finite");
  expect(list[5].how).toMatch(/^4\.\d+ nats for 256 tokens of fiction-realist, far below ln\(4096\) = 8\.32$/);
});

test.each([
  ["gemma3-text-pattern", "index 0", "the rows of the embedding times 5.6569, after scaling"], // sqrt(32)
  ["llama-gqa", "index 0", "the rows of the embedding"],
  ["gpt2", "index 0", "the embedding with what the family adds to it"],
  ["opt-no-final-norm", "index 2", "the last block's output, without a norm: its products"],
  ["opt-post-norm-projections", "index 2", "the last block's output, projected: its products"],
  ["phi3-partial", "index 2", "after the final norm: its products"],
])("%s: %s is %s", async (fixture, what, how) => {
  expect((await verified(join(MODEL_FIXTURES, fixture)))[what]).toContain(how);
});

test("an adapter is checked as the model that it makes", async () => {
  const { loss, shapes } = await verified(join(PROJECT, "tests/fixtures/adapters/gpt2-rank-stabilized"));
  expect([loss, shapes]).toEqual([
    expect.stringContaining("without a tokenizer"),
    "3 hidden states [48, 32], all finite",
  ]);
});

test("one that knows nothing, and one that is damaged, fail in one line", async () => {
  const folder = copyModelWithTokenizer(temporaryFolder());
  const check = () => runProgram(["models", "--check", folder]);
  expectRefusal(await check(), "its loss is ", "not far below ln(96) = 4.56");
  editSafetensors(join(folder, "model.safetensors"), (header, data) => {
    data.fill(0, ...header["model.layers.1.mlp.up_proj.weight"].data_offsets);
    data.writeFloatLE(Number.NaN, header["model.layers.1.mlp.up_proj.weight"].data_offsets[0]);
  });
  expectRefusal(await check(), "up_proj.weight", "NaN", "damaged");
});
