/** From recording to the figure and back, on a study of an embedded model that is small. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { expectRefusal, filesBelow, runProgram } from "../../../../tests/support/cli";
import { temporaryFolder, waitUntil } from "../../../../tests/support/notebooks";
import {
  RECORD_ARGUMENTS,
  RECORDED,
  RECORDED_MODEL,
  recordForTest,
  startRecord,
} from "../../../../tests/support/recordedStudy";
import { bandFigure } from "../../../../tests/support/sampleFigures";
import { storedUnits } from "../../../../tests/support/storedUnits";
import { editJson } from "../../../../tests/support/tinyModel";
import { METRICS } from "../../geometry/metrics";
import { runExperiment } from "../../machine/experiment/experiment";
import { openStudy, RECORDED_VARIABLE, recordedFolder, recordedNames } from "../../machine/experiment/recordedStudy";
import { exportFigure } from "../../machine/render/export";
import { readNpy } from "../../machine/support/npy";
import { Study } from "../../results/study";
import { provenanceOf } from "../../results/wording";
import { checkStudy, compareResults } from "./checkStudy";
import { recordModel } from "./recordModel";
import { writeStudy } from "./writeStudy";

const folder = mkdtempSync(join(tmpdir(), "token-geometry-record-"));
const recorded = join(folder, "recorded");
beforeAll(() => recordForTest(recorded));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const storedFiles = (store: string) => filesBelow(store).filter((name) => name.startsWith("units"));
const tableOf = (place: string) => readFileSync(join(place, "llama-mini.parquet")).toString("hex");

describe("a recording", () => {
  test("is three files that say what they are", () => {
    expect(readdirSync(recorded).sort()).toEqual([
      "llama-mini-last-token.npy",
      "llama-mini.json",
      "llama-mini.parquet",
    ]);
    const { description } = openStudy("llama-mini", recorded)!;
    expect(description.model).toMatchObject({ weights: { BF16: 111 }, layers: 13, bos: 0 });
    expect(description.settings).toMatchObject({ tokens: 64, seed: "0", backend: "wasm" });
    expect(description.parts.map(({ shuffleIndex, bos, leaveOut }) => [shuffleIndex, bos, leaveOut])).toEqual([
      [0, false, 0],
      [2, false, 0],
      [0, true, 0],
      [0, false, 1],
    ]);
    const vectors = readNpy(join(recorded, "llama-mini-last-token.npy"));
    expect(vectors.shape).toEqual([3, 13, 128]);
  });

  test("is a table that any reader of Parquet understands", async () => {
    const { asyncBufferFromFile, parquetReadObjects } = await import("hyparquet");
    const { compressors } = await import("hyparquet-compressors");
    const file = await asyncBufferFromFile(join(recorded, "llama-mini.parquet"));
    const rows = await parquetReadObjects({ file, compressors });
    expect(Object.keys(rows[0])).toEqual([
      ...["model", "bos", "leaveOut", "shuffle", "prompt", "layer", "quantity", "parameter", "value", "error"],
    ]);
    const { description } = openStudy("llama-mini", recorded)!;
    expect(rows).toHaveLength(description.parts.reduce((sum, { rows }) => sum + rows, 0));
    const losses = rows.filter(({ quantity, shuffle, bos, leaveOut }) => {
      return quantity === "loss" && shuffle === 2 && bos === false && leaveOut === 0;
    });
    const study = await fromRecorded([2]);
    expect(losses.map(({ prompt, value }) => [prompt, value])).toEqual(
      study.results.map(({ prompt, result }) => [prompt, result.loss]),
    );
    const dimensions = rows.filter(({ quantity }) => quantity === "intrinsicDimension");
    expect(dimensions.every(({ error }) => typeof error === "number")).toBe(true);
  });

  test("is the same to the byte when it is made again, of the store", async () => {
    const again = join(folder, "again");
    await recordForTest(again);
    expect(tableOf(again)).toBe(tableOf(recorded));
  });

  test("is not replaced by one that holds less", async () => {
    await expect(recordForTest(recorded, { shuffles: [0] })).rejects.toThrow(
      /llama-mini\.json: holds more than would be recorded now \(S = 2 of 3 prompts, 64 tokens\); record into another/,
    );
    await expect(recordForTest(recorded, { count: 2 })).rejects.toThrow("holds more");
    await expect(recordForTest(recorded, { shuffles: [] })).rejects.toThrow("nothing is left to be recorded");
  });

  test("is not replaced by one of another model in a folder of the same name", async () => {
    const model = join(folder, "elsewhere", "llama-mini");
    cpSync(RECORDED_MODEL, model, { recursive: true });
    editJson(join(model, "config.json"), (config) => ({ ...config, rms_norm_eps: 1e-4 }));
    const before = tableOf(recorded);
    const others = { out: recorded, store: join(folder, "recording"), backend: "wasm", workers: 1, command: "" };
    await expect(recordModel(model, { ...RECORDED, ...others })).rejects.toThrow(
      /llama-mini\.json: is of another model that is called llama-mini; record into another folder \(--out\)/,
    );
    expect(tableOf(recorded)).toBe(before);
  });

  test("is extended by what is new, and measures nothing else", async () => {
    vi.stubEnv(RECORDED_VARIABLE, recorded);
    const measured = vi.spyOn(METRICS.cosineSimilarity, "measure");
    onTestFinished(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });
    const place = temporaryFolder();
    const again = { extend: true, store: join(place, "store") };
    await recordForTest(join(place, "same"), again);
    expect(tableOf(join(place, "same"))).toBe(tableOf(recorded));
    expect(storedFiles(again.store)).toEqual([]);
    METRICS.twoNN.version++;
    onTestFinished(() => void METRICS.twoNN.version--);
    await recordForTest(join(place, "more"), again);
    expect(measured).not.toHaveBeenCalled();
    expect(storedFiles(again.store)).toHaveLength(12);
    // Only the version is another: the numbers are the same, those of 2NN measured now.
    expect(tableOf(join(place, "more"))).toBe(tableOf(recorded));
    const { metrics } = openStudy("llama-mini", join(place, "more"))!.description;
    expect(metrics.twoNN).toBe(METRICS.twoNN.version);
    await expect(recordForTest(join(place, "other"), { ...again, backend: "cpu" })).rejects.toThrow(
      "was recorded by the backend wasm; extend the study by the same",
    );
  });

  test("that is killed leaves nothing half, and goes on where it was", async () => {
    const place = temporaryFolder();
    const [out, store] = [join(place, "out"), join(place, "store")];
    const args = [...RECORD_ARGUMENTS, "--shuffles", "0,2", "--out", out, "--store", store];
    const first = startRecord(args);
    const stored = () => storedUnits(store).length;
    await waitUntil(() => stored() >= 4, "the first results");
    first.kill();
    await first.ended;
    expect(existsSync(out)).toBe(false);
    const before = stored();
    const { status, stdout, stderr } = await startRecord(args).ended;
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^12 results of data\/models\/llama-mini: .*llama-mini\.parquet, 0\.\d\d MB; .*json\n$/);
    const reused = [...stderr.matchAll(/, (\d+) from the store/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    expect(reused).toBeGreaterThanOrEqual(1);
    expect(stored()).toBeGreaterThan(before);
    expect(tableOf(out)).toBe(tableOf(recorded));
  });
});

describe("a figure of recorded results", () => {
  test("leads back to the recorded file, with and without the store that knows the experiment", async () => {
    const place = temporaryFolder();
    const store = join(place, "store");
    const study = await fromRecorded([0, 2], store);
    const figure = { ...bandFigure, provenance: provenanceOf(new Study(study).of("loss")) };
    const [path] = await exportFigure(figure, { folder: place, formats: ["svg"] });
    const trace = (at: string, from = recorded) =>
      runProgram(["trace", path, "--store", at], { [RECORDED_VARIABLE]: from });
    for (const at of [store, join(place, "none")]) {
      const { status, stdout } = await trace(at);
      expect({ status, stdout }).toMatchObject({ status: 0 });
      expect(stdout).toMatch(/6 units in .*recorded in .*llama-mini\.parquet, all are there, unchanged\n/);
      expect(stdout).toMatch(/ {2}recorded: results of llama-mini: .*llama-mini\.parquet, SHA-256 [0-9a-f]{12}\n/);
      expect(stdout).toContain("6, all recorded; SHA-256 of their results");
    }
    const gone = await trace(store, join(place, "elsewhere"));
    expect(gone.status).toBe(1);
    expect(gone.stdout).toContain("not all are there (6 missing)");
    expect((await trace(join(place, "none"), join(place, "elsewhere"))).stdout).toContain(
      "does not know the experiment",
    );
    const damaged = join(place, "damaged");
    cpSync(recorded, damaged, { recursive: true });
    rmSync(join(damaged, "llama-mini.parquet"));
    const lost = await trace(store, damaged);
    expect(lost.status).toBe(1);
    expect(lost.stdout).toContain("not all are there (6 damaged)");
  });

  test("the commands: run says so, status and merge find it, --no-recorded computes", async () => {
    const place = temporaryFolder();
    const store = join(place, "store");
    const options = ["--model", "data/models/llama-mini", "--count", "1", "--tokens", "64", "--shuffle", "0,2"];
    const own = ["--store", store];
    const env = { [RECORDED_VARIABLE]: recorded };
    const run = await runProgram(["run", ...options, ...own], env);
    expect(run.stdout).toMatch(/^0 units computed in 0\.0 s, 0 were in the store, 2 are recorded; /);
    expect(run.stderr).not.toContain("backend");
    const status = await runProgram(["status", ...own], env);
    expect(status.stdout).toContain("2 of 2 done");
    expect(status.stdout).toContain("llama-mini (2 units); recorded");
    const out = join(place, "merged.json");
    expect((await runProgram(["merge", ...options, ...own, "--out", out], env)).stdout).toMatch(/^2 units, /);
    const trace = await runProgram(["trace", out, ...own], env);
    expect({ status: trace.status, stdout: trace.stdout }).toMatchObject({ status: 0 });
    expect(trace.stdout).toContain("all are there, unchanged");
    const computed = await runProgram(["run", ...options, ...own, "--no-recorded"], env);
    expect(computed.stdout).toMatch(/^2 units computed in .* 0 were in the store; /);
  });
});

describe("a check", () => {
  test("computes the same numbers, the same sample for the same seed", async () => {
    const args = ["--model", "data/models/llama-mini", "--check", "--sample", "2", "--out", recorded, "--seed", "x"];
    const first = await startRecord(args).ended;
    expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /^llama-mini: 2 of 12 results, --seed x\n( {2}\S+, S = \d.*: \d+ numbers, as recorded\n){2}$/,
    );
    expect((await startRecord(args).ended).stdout).toBe(first.stdout);
  });

  test("finds a number that was changed, and ends with 1", async () => {
    const study = openStudy("llama-mini", recorded)!;
    await study.load(study.units);
    const { parts, table, lastToken, ...facts } = study.description;
    const measured = parts.map(({ rows, ...part }) => {
      const units = study.units.filter(
        (unit) =>
          unit.part.shuffleIndex === part.shuffleIndex &&
          unit.part.bos === part.bos &&
          unit.part.leaveOut === part.leaveOut,
      );
      const results = structuredClone(units.map((unit) => study.resultOf(unit)));
      for (const { layers } of results) layers[7].intrinsicDimension[1].id *= 1.002;
      return { part, results };
    });
    const other = join(temporaryFolder(), "other");
    await writeStudy(other, facts, measured);
    const args = ["--model", "data/models/llama-mini", "--check", "--sample", "1", "--out", other];
    const { status, stdout, stderr } = await startRecord(args).ended;
    expect(status).toBe(1);
    expect(stdout).toMatch(/numbers, 1 differ\n {4}intrinsicDimension 4, layer 7: recorded [\d.]+, computed [\d.]+\n/);
    expect(stderr).toBe("error: 1 results are not as they were recorded\n");
  });

  test("compares everything there is", async () => {
    const [{ result }] = (await fromRecorded([0], undefined, ["lastToken", "logitsIntrinsicDimension"])).results;
    expect(compareResults(result, result)).toMatchObject({ differences: [] });
    const changed = structuredClone(result);
    changed.loss *= 1.001;
    changed.layers[3].neighborhoodOverlap[4] += 0.01;
    changed.layers[3].neighborAngle.histogram[30] += 20;
    changed.layers[5].twoNN.ml = Number.NaN;
    changed.logitsIntrinsicDimension![0].error *= 1.01;
    changed.lastToken![2] = changed.lastToken![3];
    const { differences } = compareResults(result, changed);
    expect(differences.map((line) => line.split(":")[0]).sort()).toEqual([
      ...["lastToken, layer 2", "logitsIntrinsicDimension 2, error", "loss", "neighborAngleCount 60, layer 3"],
      ...["neighborhoodOverlap 5, layer 2", "twoNNMaximumLikelihood, layer 5"],
    ]);
  });

  test("refuses another model, and says what is not there", async () => {
    const study = openStudy("llama-mini", recorded)!;
    const options = { sample: 1, seed: "x", backend: "wasm", workers: 1 };
    const copy = join(temporaryFolder(), "llama-mini");
    cpSync(RECORDED_MODEL, copy, { recursive: true });
    editJson(join(copy, "config.json"), (config) => ({ ...config, rms_norm_eps: 1e-6 }));
    await expect(checkStudy(study, { ...options, model: copy })).rejects.toThrow(
      "not the model, tokens or metrics that",
    );
    expectRefusal(await startRecord(["--check", "--out", temporaryFolder()]).ended, "nothing is recorded there");
    const unknown = await startRecord(["--check", "--model", "gpt2", "--out", recorded]).ended;
    expectRefusal(unknown, "gpt2 is not recorded there; recorded are llama-mini");
    expectRefusal(await startRecord(["--shuffles", "x"]).ended, "must be whole numbers");
    expectRefusal(await startRecord(["--variants", "x"]).ended, "Allowed choices are plain, bos, leave-out");
  });
});

test("what the project has recorded is whole", async () => {
  vi.unstubAllEnvs();
  const names = recordedNames(recordedFolder());
  for (const name of names) {
    const study = openStudy(name)!;
    await study.load(study.units);
    expect(study.description.model.name).toBe(name);
    expect(study.units.length).toBeGreaterThan(0);
  }
  const files = names.flatMap((name) => Object.values(openStudy(name)!.description).filter((part) => part?.bytes));
  expect(files.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(10e6);
});

/** An experiment whose results are all recorded. */
async function fromRecorded(
  shuffleIndices: number[],
  store = join(folder, "store"),
  metrics?: ("lastToken" | "logitsIntrinsicDimension")[],
) {
  vi.stubEnv(RECORDED_VARIABLE, recorded);
  onTestFinished(() => void vi.unstubAllEnvs());
  return runExperiment({ models: ["llama-mini"], promptCount: 3, tokens: 64, shuffleIndices, metrics }, { store });
}
