import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, vi } from "vitest";
import { type ExperimentResult, runExperiment } from "../../lib/src/machine/experiment/experiment";
import type { ExperimentSettings } from "../../lib/src/machine/experiment/plan";
import { RECORDED_VARIABLE } from "../../lib/src/machine/experiment/recordedStudy";
import { recordForTest } from "./recordedStudy";

/** Records a study before the tests of a file, each of which finds it, and gives what runs experiments on it. */
export function useRecordedStudy() {
  const folder = mkdtempSync(join(tmpdir(), "token-geometry-recorded-"));
  const recorded = join(folder, "recorded");
  const settings: ExperimentSettings = { models: ["llama-mini"], promptCount: 2, tokens: 64, shuffleIndices: [0, 2] };
  beforeAll(() => recordForTest(recorded));
  beforeEach(() => {
    vi.stubEnv(RECORDED_VARIABLE, recorded);
    return () => vi.unstubAllEnvs();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return {
    recorded,
    settings,
    run: (change: Partial<ExperimentSettings> = {}, store = join(folder, "store")) =>
      runExperiment({ ...settings, ...change }, { store, backend: "wasm", workers: 1 }),
    counts: ({ computed, reused, recorded: taken }: ExperimentResult) => ({ computed, reused, recorded: taken }),
  };
}
