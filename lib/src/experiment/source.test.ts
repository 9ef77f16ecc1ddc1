import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ExperimentResult } from "./experiment";
import { manifestName } from "./manifest";
import { published } from "./published";
import { describeExperiments, firstAndLast, readSource, withProvenance } from "./source";

const experiment = {
  backend: { name: "wasm", device: "one thread", passedOver: [] },
  computed: 2,
  reused: 3,
  manifestPath: "store/experiments/a.json",
  manifest: { seed: "0", node: "v22", models: [{ name: "llama-mini", files: { "config.json": "ab" }, units: [1, 2] }] },
  results: [{ result: { loss: 1 } }, { result: { loss: Number.NaN } }],
  origins: [{ backend: "wasm", device: "one thread", node: "v20" }],
} as unknown as ExperimentResult;

describe("the source of a notebook's numbers", () => {
  it("is this machine, the published results, or both", () => {
    expect(["run", "published", "both"].map(readSource)).toEqual([
      { run: true, published: false },
      { run: false, published: true },
      { run: true, published: true },
    ]);
    expect(() => readSource("Both")).toThrow('unknown SOURCE "Both"; write run, published, both');
    expect(() => readSource("toString")).toThrow("unknown SOURCE");
  });

  it("is described", () => {
    expect(describeExperiments(undefined)).toContain("Nothing is run");
    const text = describeExperiments(experiment, undefined, experiment);
    expect(text).toContain("4 results computed, 6 from the store");
    expect(text).toContain("store/experiments/a.json");
  });

  it("goes into the figure, with a count and a hash in place of the list of units", () => {
    const figure: { name: string; provenance?: Record<string, unknown> } = { name: "fig00" };
    expect(withProvenance(figure, readSource("both"), experiment)).toEqual({
      name: "fig00",
      provenance: {
        experiments: [
          {
            seed: "0",
            models: [{ name: "llama-mini", files: { "config.json": "ab" } }],
            manifest: manifestName(experiment.manifest),
            units: 2,
            computedBy: experiment.origins,
            results: createHash("sha256").update('{"loss":1}\n{"loss":null}\n').digest("hex"),
          },
        ],
        published: published().provenance,
      },
    });
    expect(withProvenance(figure, readSource("published"), undefined).provenance).not.toHaveProperty("experiments");
  });

  it("tells in the caption that hidden states were rounded", () => {
    const rounded = { ...experiment, settings: { captured: "bfloat16" } } as unknown as ExperimentResult;
    const figure: { caption?: string; provenance?: Record<string, unknown> } = { caption: "By layer." };
    expect(withProvenance(figure, readSource("run"), rounded).caption).toBe(
      "By layer. Hidden states rounded to bfloat16.",
    );
    expect(withProvenance(figure, readSource("run"), experiment).caption).toBe("By layer.");
  });

  it("tells in the caption what stands at the beginning", () => {
    const special = { ...experiment, settings: { bos: true, leaveOut: 1 } } as unknown as ExperimentResult;
    const figure: { caption?: string; provenance?: Record<string, unknown> } = { caption: "By layer." };
    expect(withProvenance(figure, readSource("run"), special, special).caption).toBe(
      "By layer. A beginning-of-text token in front, itself not measured. Without the first token.",
    );
  });

  it("takes the ends of the shuffle indices, each once", () => {
    expect([firstAndLast([0, 1, 5]), firstAndLast([3]), firstAndLast([])]).toEqual([[0, 5], [3], []]);
  });
});
