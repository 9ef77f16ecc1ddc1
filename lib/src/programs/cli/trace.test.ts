/** From exported files back to the store. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askProgram, expectRefusal, filesBelow } from "../../../../tests/support/cli";
import { codeCell, notebookOf, temporaryFolder } from "../../../../tests/support/notebooks";
import { bandFigure } from "../../../../tests/support/sampleFigures";
import { storedUnits } from "../../../../tests/support/storedUnits";
import { copyModelWithTokenizer } from "../../../../tests/support/tinyModel";
import { runExperiment } from "../../machine/experiment/experiment";
import { mergeExperiment } from "../../machine/experiment/merge";
import { Store } from "../../machine/experiment/store";
import { readManifest } from "../../machine/experiment/storedExperiment";
import { figureBundle } from "../../machine/notebook/display";
import { saveTable } from "../../machine/notebook/table";
import { exportFigure } from "../../machine/render/export";
import { Study } from "../../results/study";
import { provenanceOf } from "../../results/wording";
import { formatNotebook } from "../runner/notebook";

const TEXT =
  "Below the last lock the water is brackish, and the keeper's garden grows nothing but sea kale and thrift.";

/** A store with four units, and a figure, a table, a notebook and collected results that were made of them. */
async function exportAll(folder: string) {
  const store = join(folder, "store");
  const model = copyModelWithTokenizer(join(folder, "tiny"));
  const prompts = join(folder, "two.jsonl");
  writeFileSync(prompts, `${JSON.stringify(TEXT)}\n${JSON.stringify(TEXT.toUpperCase())}\n`);
  const settings = { models: [model], prompts, tokens: 64, shuffleIndices: [0, 2], seed: "kale" };
  const study = await runExperiment({ ...settings, metrics: ["lastToken"] }, { store, backend: "cpu" });
  const figure = { ...bandFigure, provenance: provenanceOf(new Study(study).of("loss")) };
  const pictures = await exportFigure(figure, { folder });
  const table = join(folder, "bands.csv");
  saveTable([{ layer: 1 }], table, figure);
  const notebook = join(folder, "bands.ipynb");
  const cell = codeCell("await tg.showFigure(figure);");
  cell.outputs = [{ output_type: "display_data", data: await figureBundle(figure), metadata: {} }];
  writeFileSync(notebook, formatNotebook(notebookOf(cell)));
  const merged = join(folder, "merged.json");
  mergeExperiment([store], [readManifest(study.manifestPath)], merged);
  const files = [...pictures, table, notebook, merged];
  return { folder, study, files, merged };
}

let original: Awaited<ReturnType<typeof exportAll>>;

beforeAll(async () => {
  original = await exportAll(mkdtempSync(join(tmpdir(), "token-geometry-trace-")));
});
afterAll(() => rmSync(original.folder, { recursive: true }));

/** A copy of it all, for a test to change. */
function exported() {
  const { study, ...first } = original;
  const folder = temporaryFolder();
  cpSync(first.folder, folder, { recursive: true });
  const moved = (path: string) => join(folder, relative(first.folder, path));
  const store = join(folder, "store");
  const trace = (...args: string[]) => askProgram(["trace", ...args, "--store", store]);
  const units = filesBelow(join(store, "units")).map((name) => join(store, "units", name));
  const [files, merged, manifest] = [first.files.map(moved), moved(first.merged), moved(study.manifestPath)];
  return { folder, store, study, manifest, files, merged, units, trace };
}

describe("trace", () => {
  test("every kind of file leads to the same units, which are all there, unchanged", async () => {
    const { files, store, manifest, trace, units } = exported();
    const { status, stdout, stderr } = await trace(...files);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.match(/: 4 units in \S+, all are there, unchanged\n/g)).toHaveLength(files.length);
    expect(stdout).toContain(manifest);
    for (const fact of [
      "seed kale",
      "backend cpu",
      "TensorFlow.js",
      `Node ${process.version}`,
      "token-geometry run --model",
    ])
      expect(stdout.split(fact).length - 1, fact).toBeGreaterThanOrEqual(files.length);

    const json = JSON.parse((await trace(...files, "--json")).stdout);
    for (const { file, experiments } of json.files) {
      expect(experiments, file).toHaveLength(1);
      const keys = experiments[0].units.flatMap(
        ({ key, further }: { key: string; further: Record<string, string> }) => [key, ...Object.values(further)],
      );
      // The units, and the entries of what was asked for besides.
      expect(units.map((path) => path.slice(-69, -5))).toEqual(expect.arrayContaining(keys));
      expect(keys).toEqual(expect.arrayContaining(storedUnits(store)));
    }
  });

  test("a unit that is missing or damaged is counted, and the exit code is 1", async () => {
    const { files, trace, units } = exported();
    rmSync(units[0]);
    writeFileSync(units[1], "{}");
    const { status, stdout, stderr } = await trace(...files);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(
      stdout.match(/not all are there \(1 missing, 1 damaged\)|not all are there \([12] (missing|damaged)\)/g),
    ).toHaveLength(files.length);
  });

  test("a unit that was computed again with other numbers is noticed", async () => {
    const { files, trace, store, study, merged } = exported();
    const [{ units }] = study.manifest.models as { units: { key: string }[] }[];
    const opened = new Store(store);
    const unit = opened.read(units[2].key);
    if (typeof unit === "string") throw new Error(unit);
    opened.save({ ...unit, result: { ...unit.result, loss: unit.result.loss * (1 + 2e-16) } });
    const { status, stdout } = await trace(...files);
    expect(status).toBe(1);
    expect(stdout.match(/4 units in .*all are there, but with other numbers/g)).toHaveLength(files.length);
    expect((await trace(merged)).stdout).toContain("(1 changed)");
  });

  test("a store that does not know the experiment says so", async () => {
    const { files, folder, merged } = exported();
    const other = await askProgram(["trace", ...files, "--store", join(folder, "other")]);
    expect(other.status).toBe(1);
    expect(other.stdout.match(/this store does not know the experiment/g)).toHaveLength(files.length - 1);
    expect((await askProgram(["trace", merged, "--store", join(folder, "other")])).stdout).toContain("(4 missing)");
  });

  test("files that name no experiment, or a manifest that is a path", async () => {
    const { folder, trace } = exported();
    const trick = async (provenance: Record<string, unknown>) => {
      const [path] = await exportFigure({ ...bandFigure, provenance }, { folder, formats: ["svg"], name: "trick" });
      return trace(path);
    };
    const own = await trick({ published: { shuffled: "the authors'" } });
    expect(own.status).toBe(0);
    expect(own.stdout).toContain("no experiment: its numbers are not this project's own");
    for (const manifest of [undefined, "../../../secret", 7]) {
      const { status, stdout } = await trick({ experiments: [{ manifest, models: [] }] });
      expect(status).toBe(1);
      expect(stdout).toContain("the file does not name its manifest");
    }
  });

  test("what cannot be traced is refused in one line", async () => {
    const { folder, merged, trace } = exported();
    expectRefusal(await trace(join(folder, "none.svg")), "none.svg: no such file");
    expectRefusal(await trace(join(folder, "tiny/model.safetensors")), "not a kind of file that carries provenance");
    expectRefusal(await trace(join(folder, "two.jsonl")), "two.jsonl-metadata.json: no such file");
    writeFileSync(join(folder, "empty.ipynb"), formatNotebook(notebookOf("1 + 1")));
    expectRefusal(await trace(join(folder, "empty.ipynb")), "no figures with provenance");
    const text = readFileSync(merged, "utf8");
    writeFileSync(merged, text.slice(0, -200));
    expectRefusal(await trace(merged), "merged.json: damaged collected results");
    writeFileSync(merged, text.split("\n").slice(0, -2).join("\n"));
    expectRefusal(await trace(merged), "no results collected by token-geometry merge, or not all");
    writeFileSync(merged, text.replace(/"key":"[0-9a-f]{64}"/, '"key":"../../secret"'));
    expectRefusal(await trace(merged), "a unit without a name");
  });
});
