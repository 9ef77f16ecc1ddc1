/**
 * A run that is killed in the middle loses nothing that was finished, and several runs may share a store.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Store } from "../lib/src/machine/experiment/store";
import { filesBelow, runProgram, startProgram } from "./support/cli";
import { temporaryFolder, waitUntil } from "./support/notebooks";
import { storedUnits } from "./support/storedUnits";
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

const resultsOf = (stdout: string) => JSON.parse(stdout).results;

test("kill -9 in the middle: what was finished is whole and is kept, the rest is computed, the results are the same", async () => {
  const folder = temporaryFolder();
  const args = runArguments(folder);
  const store = join(folder, "store");
  const killed = startProgram([...args, "--store", store]);
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    killed.on("close", (_, signal) => resolve(signal));
  });
  await waitUntil(() => storedUnits(store).length >= 3, "three units");
  killed.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");

  const finished = storedUnits(store);
  expect(finished.length).toBeLessThan(PROMPTS);
  const opened = new Store(store);
  for (const key of finished) expect(opened.read(key)).toMatchObject({ result: { layers: { length: 4 } } });
  const files = filesBelow(store).filter((name) => /^units.*json$/.test(name));
  const contents = files.map((name) => readFileSync(join(store, name), "utf8"));

  const rest = await runProgram([...args, "--store", store]);
  // Of one more, all entries may have been there already.
  const [, computed, reused] = /(\d+) computed, (\d+) from the store/.exec(rest.stderr)!.map(Number);
  expect(computed + reused).toBe(PROMPTS);
  expect([finished.length, finished.length + 1]).toContain(reused);
  expect(files.map((name) => readFileSync(join(store, name), "utf8"))).toEqual(contents);
  expect(storedUnits(store)).toHaveLength(PROMPTS);

  const undisturbed = await runProgram([...args, "--store", join(folder, "other")]);
  expect(resultsOf(rest.stdout)).toEqual(resultsOf(undisturbed.stdout));
});

test("two runs at once in one store: both end well, with the same results", async () => {
  const folder = temporaryFolder();
  const args = [...runArguments(folder), "--count", "4", "--store", join(folder, "store")];
  const [first, second] = await Promise.all([runProgram(args), runProgram(args)]);
  expect([first.status, second.status]).toEqual([0, 0]);
  expect(resultsOf(first.stdout)).toEqual(resultsOf(second.stdout));
  expect(storedUnits(join(folder, "store"))).toHaveLength(4);
});
