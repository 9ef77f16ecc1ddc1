/** Models whose folders are called alike are different models, from the manifest to the figure. */
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { copyModelWithTokenizer, editSafetensors } from "../../../../tests/support/tinyModel";
import { FIGURES } from "../../figures/figures";
import { correlations } from "../../results/correlations";
import { meanOverPrompts } from "../../results/means";
import { study } from "../../results/study";
import { correlationTable } from "../../results/tables";
import { runExperiment } from "./experiment";
import { manifestName } from "./manifest";
import { mergeExperiment } from "./merge";
import { Store } from "./store";
import { plannedExperiment, readManifest } from "./storedExperiment";
import { traceMerged } from "./trace";

/** Two models of other weights in folders of one name. */
function workplace() {
  const folder = temporaryFolder();
  const models = ["runA", "runB"].map((run) => {
    mkdirSync(join(folder, run));
    return copyModelWithTokenizer(join(folder, run, "final"));
  });
  editSafetensors(join(models[1], "model.safetensors"), (_, data) => void data.writeUInt8(data[0] ^ 1));
  return { folder, store: join(folder, "store"), models };
}
const SETTINGS = { promptCount: 4, tokens: 64, shuffles: [0] };
const OPTIONS = { backend: "wasm", workers: 1 };

test("their rows are rows of two models, in means, correlations, tables and figures", async () => {
  const { models, store } = workplace();
  const rows = await study({ ...SETTINGS, models }, { ...OPTIONS, store });
  const [dimensions, losses] = [rows.of("intrinsicDimension", 2), rows.of("loss")];
  const means = meanOverPrompts(dimensions);
  expect(new Set(means.map(({ model, n }) => `${model} ${n}`))).toEqual(new Set(["runA/final 4", "runB/final 4"]));
  const curves = correlations(dimensions, losses);
  expect(new Set(curves.map(({ model, n }) => `${model} ${n}`))).toEqual(new Set(["runA/final 4", "runB/final 4"]));
  expect(new Set(correlationTable(curves).map(({ model }) => model))).toEqual(new Set(["runA/final", "runB/final"]));
  const { data } = FIGURES[6].draw(curves);
  const shown = data.filter(({ showlegend }) => showlegend !== false).map(({ name }) => name);
  expect(shown).toEqual(expect.arrayContaining(["runA/final", "runB/final"]));
});

test("their results are merged and traced, each as its own", async () => {
  const { folder, models, store } = workplace();
  const settings = { models, promptCount: 2, tokens: 64, shuffleIndices: [0] };
  for (const index of [0, 1]) await runExperiment(settings, { ...OPTIONS, store, shard: { index, count: 2 } });
  const experiment = await plannedExperiment(settings, { backend: "wasm" });
  const merged = mergeExperiment([store], [experiment], join(folder, "merged.json"));
  expect(merged.units).toBe(4);
  const { models: listed, results } = JSON.parse(readFileSync(merged.path, "utf8"));
  expect(listed.map(({ name }: { name: string }) => name)).toEqual(["runA/final", "runB/final"]);
  expect(new Set(results.map(({ model }: { model: string }) => model)).size).toBe(2);
  const traced = await traceMerged(new Store(store), merged.path);
  expect(traced.units.map(({ model, state }) => `${model} ${state}`)).toEqual([
    ...["runA/final there", "runA/final there"],
    ...["runB/final there", "runB/final there"],
  ]);
});

test("a description of an earlier version, in which both have one name, is merged and traced", async () => {
  const { folder, models, store } = workplace();
  const settings = { models, promptCount: 2, tokens: 64, shuffleIndices: [0] };
  const { manifest } = await runExperiment(settings, { ...OPTIONS, store });
  const old = JSON.parse(JSON.stringify(manifest));
  for (const model of old.models) model.name = "final";
  const path = new Store(store).saveManifest(manifestName(old), old);
  const experiment = readManifest(path);
  const names = experiment.models.map(({ name }) => name);
  expect(names).toEqual([expect.stringMatching(/^final@[0-9a-f]{8}$/), expect.stringMatching(/^final@[0-9a-f]{8}$/)]);
  expect(new Set(names).size).toBe(2);
  expect(mergeExperiment([store], [experiment], join(folder, "merged.json")).units).toBe(4);
});

test("one model that is written in several ways is one", async () => {
  const { folder, models, store } = workplace();
  const [model] = models;
  symlinkSync("final", join(folder, "runA", "latest"));
  const ways = [model, `${model}/`, join(folder, "runB/../runA/final/."), join(folder, "runA/latest")];
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const { results, manifest, settings } = await runExperiment(
    { models: ways, promptCount: 2, tokens: 64, shuffleIndices: [0] },
    { ...OPTIONS, store },
  );
  const lines = said.mock.calls.map(([text]) => String(text));
  said.mockRestore();
  expect(results.map(({ model, prompt }) => [model, prompt])).toHaveLength(2);
  expect(new Set(results.map(({ model }) => model))).toEqual(new Set(["final"]));
  expect(settings.models).toEqual([model]);
  expect((manifest.settings as { models: string[] }).models).toEqual([model]);
  expect(lines).toContain(`${ways[3]} is the same model as ${model}: it counts once\n`);
});

test("studies that know nothing of each other are not pooled", async () => {
  const { models, store } = workplace();
  const [first, second] = [
    await study({ ...SETTINGS, models: [models[0]] }, { ...OPTIONS, store }),
    await study({ ...SETTINGS, models: [models[1]] }, { ...OPTIONS, store }),
  ];
  const both = [...first.of("loss"), ...second.of("loss")];
  expect(() => meanOverPrompts(both)).toThrow(/two models are called final.*one study/);
  expect(() =>
    correlations([...first.of("intrinsicDimension", 2), ...second.of("intrinsicDimension", 2)], both),
  ).toThrow(/two models are called final/);
});
