import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { promptResult, SHUFFLED, studyOf } from "../../../tests/support/studyRows";
import type { ExperimentResult } from "../machine/experiment/experiment";
import { manifestName } from "../machine/experiment/manifest";
import { published } from "./published";
import { publishedFile } from "./publishedFiles";
import { describeStudies, firstAndLast, readSource, Study, study } from "./study";
import { notesOn, provenanceOf } from "./wording";

const of = (model: string, prompt: string, shuffleIndex: number, value: number) =>
  promptResult(
    { model, prompt, shuffleIndex },
    {
      loss: value,
      layers: [0, 1, 2, 3].map((layer) => ({
        intrinsicDimension: [{ scaling: 2, id: value + layer, error: 0.1, scale: 1 }],
        cosineSimilarity: { mean: value / 10, std: 0.1 },
        neighborhoodOverlap: layer === 0 ? [] : [value / 100, value / 50],
      })),
    },
  );
const rows = studyOf([of("a", "p", 0, 2), of("a", "q", 1, 4), of("b", "p", 0, 9)], {}, "store");

describe("the rows of a study", () => {
  it("say of every number what it is, in order of model, prompt and shuffle index", () => {
    expect(rows.of("intrinsicDimension", 2)[4]).toMatchObject({
      origin: "store",
      model: "a",
      prompt: "q",
      shuffle: 1,
      layer: 2,
      depth: 2 / 3,
      quantity: "intrinsicDimension",
      parameter: 2,
      value: 6,
      error: 0.1,
    });
    expect(rows.of("loss").map(({ model, layer, depth, value }) => [model, layer, depth, value])).toEqual([
      ["a", null, null, 2],
      ["a", null, null, 4],
      ["b", null, null, 9],
    ]);
  });

  it("are those of the layers that the paper shows: cosine from layer 0 on, overlap for l = 1 to L - 1", () => {
    const layersOf = (all: { model: string; layer: number | null; depth: number | null }[]) =>
      all.filter(({ model }) => model === "b").map(({ layer, depth }) => [layer, depth]);
    expect(layersOf(rows.of("cosineSimilarity"))).toEqual([
      [0, 0],
      [1, 1 / 3],
      [2, 2 / 3],
      [3, 1],
    ]);
    expect(layersOf(rows.of("neighborhoodOverlap", 1))).toEqual([
      [1, 0.5],
      [2, 1],
    ]);
    const everything = [...rows].filter(({ quantity }) => quantity === "neighborhoodOverlap");
    expect(everything.filter(({ model }) => model === "b").map(({ layer }) => layer)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("are refused where they are not there, with what is", () => {
    expect(() => rows.of("intrinsicDimension", 4)).toThrow("a, p: no intrinsicDimension at 4; there is 2");
    expect(() => rows.of("neighborhoodOverlap", 3)).toThrow("no neighborhoodOverlap at 3; there is 1, 2");
    expect(() => rows.of("logitsIntrinsicDimension", 2)).toThrow("ask for the metric logitsIntrinsicDimension");
    const gap = of("a", "p", 0, 2);
    gap.result.layers[2].intrinsicDimension = [];
    expect(() => studyOf([gap]).of("intrinsicDimension", 2)).toThrow("no intrinsicDimension at 2");
  });

  it("are none without a study, and refused of an unknown source", async () => {
    const none = await study({ models: ["nowhere"], shuffles: [0] }, { source: "published" });
    expect([...none, ...none.of("loss"), ...new Study().of("cosineSimilarity")]).toEqual([]);
    await expect(study({ models: ["nowhere"], shuffles: [0] }, { source: "Both" })).rejects.toThrow(
      'unknown SOURCE "Both"; write run, published, both',
    );
    expect(() => readSource("toString")).toThrow("unknown SOURCE");
  });

  it("print without what they come from, and keep it when they are copied", () => {
    const [row] = SHUFFLED.of("loss");
    expect(inspect(row)).toContain("[Symbol(source)]: …");
    expect(Object.keys(row)).not.toContain("source");
    expect(provenanceOf([{ ...row, value: 2 }])).toEqual(provenanceOf([row]));
  });
});

const experiment = {
  backend: { name: "wasm", device: "one thread", passedOver: [] },
  computed: 2,
  reused: 3,
  manifestPath: "store/experiments/a.json",
  manifest: { seed: "0", node: "v22", models: [{ name: "llama-mini", files: { "config.json": "ab" }, units: [1, 2] }] },
  results: [{ result: { loss: 1, layers: [] } }, { result: { loss: Number.NaN, layers: [] } }],
  resultOrigins: [{ prediction: "computed" }, { prediction: "computed" }],
  origins: [{ backend: "wasm", device: "one thread", node: "v20" }],
} as unknown as ExperimentResult;

describe("where rows come from", () => {
  it("is described", () => {
    expect(describeStudies(new Study())).toContain("Nothing is run");
    const text = describeStudies(new Study(experiment), new Study(), new Study(experiment));
    expect(text).toContain("4 results computed, 6 from the store");
    expect(text).toContain("store/experiments/a.json");
  });

  it("goes into files, with a count and a hash in place of the list of units, each once", () => {
    const ours = new Study(experiment).of("loss");
    const theirs = published("loss", undefined, { models: ["Llama-3-8B"] });
    expect(provenanceOf([...ours, ...theirs])).toEqual({
      experiments: [
        {
          seed: "0",
          models: [{ name: "llama-mini", files: { "config.json": "ab" } }],
          manifest: manifestName(experiment.manifest),
          units: 2,
          computedBy: experiment.origins,
          results: createHash("sha256").update('{"layers":[],"loss":1}\n{"layers":[],"loss":null}\n').digest("hex"),
        },
      ],
      published: publishedFile().provenance,
    });
    expect(provenanceOf(theirs)).not.toHaveProperty("experiments");
  });

  it.each<[Partial<ExperimentResult["settings"]>, string[]]>([
    [{ captured: "bfloat16" }, ["Hidden states rounded to bfloat16."]],
    [
      { bos: true, leaveOut: 1 },
      ["A beginning-of-text token in front, itself not measured.", "Without the first token."],
    ],
    [{}, []],
  ])("tells what readers have to know of %o", (settings, notes) => {
    const special = { ...experiment, settings } as unknown as ExperimentResult;
    expect(notesOn([...new Study(special).of("loss"), ...new Study(special).of("loss")])).toEqual(notes);
  });

  it("takes the ends of the shuffle indices, each once", () => {
    expect([firstAndLast([0, 1, 5]), firstAndLast([3]), firstAndLast([])]).toEqual([[0, 5], [3], []]);
  });
});
