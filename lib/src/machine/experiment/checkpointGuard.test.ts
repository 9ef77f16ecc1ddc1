import { readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { filesBelow } from "../../../../tests/support/cli";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { storedUnits } from "../../../../tests/support/storedUnits";
import { copyModelWithTokenizer, editSafetensors, MODEL_FIXTURES } from "../../../../tests/support/tinyModel";
import { hashFile } from "../support/notedHash";
import { CheckpointGuard } from "./checkpointGuard";
import { runExperiment } from "./experiment";
import * as measuring from "./measurePrompt";
import type { ExperimentSettings } from "./plan";

vi.mock("./measurePrompt", { spy: true });
beforeEach(() => void vi.mocked(measuring.measurePrompts).mockReset());

const WEIGHTS = "model.safetensors";

/** SHA-256 of "abcd". */
const HASH = "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589";

describe("CheckpointGuard", () => {
  async function guarded() {
    const file = join(temporaryFolder(), WEIGHTS);
    writeFileSync(file, "abcd");
    // File systems count time in steps of some milliseconds.
    await sleep(30);
    const guard = new CheckpointGuard([file]);
    return { file, guard, check: () => guard.check({ [WEIGHTS]: HASH }) };
  }
  test("lets an unchanged file pass", async () => {
    const { guard, check } = await guarded();
    check();
    expect(guard.rewritten).toBe(0);
  });

  test.each<[string, (file: string) => void]>([
    ["written over", (file) => writeFileSync(file, "abce")],
    ["longer", (file) => writeFileSync(file, "abcde")],
    [
      "exchanged for another with the same size and times",
      (file) => {
        writeFileSync(`${file}.new`, "efgh");
        utimesSync(`${file}.new`, 1e9, 1e9);
        renameSync(`${file}.new`, file);
      },
    ],
  ])("refuses one that was %s", async (_, change) => {
    const { file, check } = await guarded();
    change(file);
    expect(check).toThrow(`${file}: was replaced while results were computed with it`);
  });

  test("refuses one that was removed", async () => {
    const { file, check } = await guarded();
    rmSync(file);
    expect(check).toThrow(`${file}: was removed`);
  });

  test("counts when one was written again with what it held: in between it may have been another", async () => {
    const { file, guard, check } = await guarded();
    writeFileSync(file, "efgh");
    writeFileSync(file, "abcd");
    check();
    check();
    expect(guard.rewritten).toBe(1);
    expect(hashFile(file)).toBe(HASH);
  });
});

describe("a checkpoint that is replaced during a run", () => {
  function workplace(): { folder: string; model: string; settings: ExperimentSettings; store: string } {
    const folder = temporaryFolder();
    const model = copyModelWithTokenizer(join(folder, "tiny"));
    const prompts = join(folder, "three.jsonl");
    writeFileSync(prompts, [1, 2, 3].map((number) => `"${number} the boats began to stir again"\n`).join(""));
    const settings = { models: [model], prompts, tokens: 16, shuffleIndices: [0] };
    return { folder, model, settings, store: join(folder, "store") };
  }
  const options = { backend: "cpu", workers: 1 };
  const original = readFileSync(join(MODEL_FIXTURES, "llama-gqa", WEIGHTS));
  const replace = (model: string) =>
    editSafetensors(join(model, WEIGHTS), (_, data) => {
      data[40] ^= 64;
    });
  const putBack = (model: string) => writeFileSync(join(model, WEIGHTS), original);

  test("the unit under way is not kept, earlier ones are; with the old files back, the next run does the rest", async () => {
    const { folder, model, settings, store } = workplace();
    const undisturbed = await runExperiment(settings, { ...options, store: join(folder, "other") });
    let updates = 0;
    const progress = {
      // Called before each unit.
      update: () => {
        if (++updates === 2) replace(model);
      },
      finish: () => {},
    };
    await expect(runExperiment(settings, { ...options, store, progress })).rejects.toThrow(
      /model\.safetensors: was replaced while results were computed with it; .* earlier ones are; run again/,
    );
    expect(storedUnits(store)).toHaveLength(1);
    putBack(model);
    const rest = await runExperiment(settings, { ...options, store });
    expect([rest.computed, rest.reused]).toEqual([2, 1]);
    expect(rest.results).toEqual(undisturbed.results);
  });

  test("and put back before the end of a unit: that unit is measured again, with the model read again", async () => {
    const { folder, model, settings, store } = workplace();
    const undisturbed = await runExperiment(settings, { ...options, store: join(folder, "other") });
    const { measurePrompts } = await vi.importActual<typeof measuring>("./measurePrompt");
    vi.mocked(measuring.measurePrompts).mockImplementationOnce(async (...args) => {
      const results = await measurePrompts(...args);
      replace(model);
      putBack(model);
      // As if the model had been read in between.
      return results.map((result) => ({ ...result, loss: 17 }));
    });
    const { computed, results } = await runExperiment(settings, { ...options, store });
    expect(computed).toBe(3);
    expect(measuring.measurePrompts).toHaveBeenCalledTimes(3 + 3 + 1);
    expect(results).toEqual(undisturbed.results);
  });

  test("all the time: the run gives up", async () => {
    const { model, settings, store } = workplace();
    const { measurePrompts } = await vi.importActual<typeof measuring>("./measurePrompt");
    vi.mocked(measuring.measurePrompts).mockImplementation(async (...args) => {
      putBack(model);
      return measurePrompts(...args);
    });
    await expect(runExperiment(settings, { ...options, store })).rejects.toThrow("is being written all the time");
    expect(filesBelow(store).filter((name) => name.startsWith("units"))).toEqual([]);
  });
});
