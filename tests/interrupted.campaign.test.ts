/**
 * A run that is killed in the middle loses nothing that was finished, and several runs may share a store.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesBelow, runProgram, startProgram } from "./support/cli";
import { temporaryFolder, waitUntil } from "./support/notebooks";
import { copyModelWithTokenizer } from "./support/tinyModel";

const PROMPTS = 12;
const TOKENS = 160;

/** The arguments of a run of 12 units, each of a tenth of a second or more on the slowest backend. */
function runArguments(folder: string): string[] {
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const sentence = "all the boats that had lain on their sides began to stir; ";
  const prompts = Array.from({ length: PROMPTS }, (_, index) => `${index} ${sentence.repeat(5).slice(index)}`);
  writeFileSync(join(folder, "prompts.jsonl"), prompts.map((text) => `${JSON.stringify(text)}\n`).join(""));
  const prompt = ["--prompts", join(folder, "prompts.jsonl"), "--tokens", String(TOKENS), "--shuffle", "2"];
  return ["run", "--model", model, ...prompt, "--backend", "cpu", "--json"];
}

const unitsOf = (store: string) => (existsSync(join(store, "units")) ? filesBelow(join(store, "units")) : []);
const resultsOf = (stdout: string) => JSON.parse(stdout).results;

test("kill -9 in the middle: what was finished is whole and is kept, the rest is computed, the results are the same", async () => {
  const folder = temporaryFolder();
  const args = runArguments(folder);
  const store = join(folder, "store");
  const killed = startProgram([...args, "--store", store]);
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    killed.on("close", (_, signal) => resolve(signal));
  });
  await waitUntil(() => unitsOf(store).length >= 3, "three units");
  killed.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");

  const finished = unitsOf(store).filter((name) => name.endsWith(".json"));
  expect(finished.length).toBeLessThan(PROMPTS);
  const contents = finished.map((name) => readFileSync(join(store, "units", name), "utf8"));
  for (const content of contents) expect(JSON.parse(content).result.layers).toHaveLength(4);

  const rest = await runProgram([...args, "--store", store]);
  expect(rest.stderr).toContain(`${PROMPTS - finished.length} computed, ${finished.length} from the store`);
  expect(finished.map((name) => readFileSync(join(store, "units", name), "utf8"))).toEqual(contents);
  expect(unitsOf(store)).toHaveLength(PROMPTS);

  const undisturbed = await runProgram([...args, "--store", join(folder, "other")]);
  expect(resultsOf(rest.stdout)).toEqual(resultsOf(undisturbed.stdout));
});

test("two runs at once in one store: both end well, with the same results", async () => {
  const folder = temporaryFolder();
  const args = [...runArguments(folder), "--count", "4", "--store", join(folder, "store")];
  const [first, second] = await Promise.all([runProgram(args), runProgram(args)]);
  expect([first.status, second.status]).toEqual([0, 0]);
  expect(resultsOf(first.stdout)).toEqual(resultsOf(second.stdout));
  expect(unitsOf(join(folder, "store"))).toHaveLength(4);
});
