import { describe, expect, test } from "vitest";
import { DEFAULT_MODEL } from "../../machine/hub/namedModels";
import { EMBEDDED_PROMPTS, loadPrompts } from "../../prompts/prompts";
import { partsOf, RECORDING_PLAN } from "./recordingPlan";

describe("the plan", () => {
  test("names embedded prompts and orders that 1024 tokens have, and one order with the last tokens", async () => {
    const names = (await loadPrompts(EMBEDDED_PROMPTS)).map(({ name }) => name);
    for (const model of Object.keys(RECORDING_PLAN)) {
      const parts = partsOf(model);
      for (const { shuffleIndex, prompts = [] } of parts) {
        expect(shuffleIndex).toBeLessThanOrEqual(5);
        for (const prompt of prompts) expect(names).toContain(prompt);
      }
      // One file of vectors; figure 20, which shows them, is of the default model.
      const withVectors = parts.filter(({ metrics = [] }) => metrics.includes("lastToken"));
      expect(withVectors).toHaveLength(model === DEFAULT_MODEL ? 1 : 0);
      const places = parts.map(({ shuffleIndex, bos, leaveOut }) => `${shuffleIndex} ${bos} ${leaveOut}`);
      expect(new Set(places).size).toBe(places.length);
    }
    expect(partsOf("smollm2-135m")).toHaveLength(10);
    expect(partsOf("smollm2-135m", { variants: ["bos"], shuffles: [5] })).toMatchObject([
      { shuffleIndex: 5, bos: true },
    ]);
  });

  test("takes checkpoints of a training run by their names, other models as the default one", () => {
    const steps = partsOf("out/llama-mini-step0064/");
    expect(steps.map(({ shuffleIndex, prompts }) => [shuffleIndex, prompts?.length])).toEqual([
      [0, 16],
      [5, 16],
    ]);
    expect(partsOf("out/steps")).toEqual(partsOf("smollm2-135m"));
  });
});
