import { describe, expect, it } from "vitest";
import { expectFigureSnapshot } from "../../../tests/support/figureSnapshot";
import type { PromptResult } from "../experiment/experiment";
import { dimensionEntropy, entropyLoss, publishedModelLogits, runLogits } from "../experiment/logitScatter";
import {
  digitizedLossCorrelation,
  publishedLogitCorrelations,
  publishedLossCorrelation,
  publishedTable1,
} from "../experiment/publishedCorrelations";
import type { UnitResult } from "../experiment/unit";
import { randomGenerator } from "../support/random";
import {
  correlationPeakTable,
  correlationTable,
  promptsOf,
  publishedCorrelations,
  runCorrelations,
} from "./correlationSources";
import { figure6 } from "./fig06";
import { figure7 } from "./fig07";
import { figure17 } from "./fig17";
import { figure18 } from "./fig18";
import { figure20, table1Rows } from "./fig20";

/** Prompts of three layers: the ID at layer 1 grows with the loss, at layer 2 not at all, at layer 3 it falls. */
function results(count: number): PromptResult[] {
  const random = randomGenerator("loss figures");
  return Array.from({ length: count }, (_, i) => {
    const loss = 1 + i / count + 0.1 * random();
    const layer = (id: number) => ({
      intrinsicDimension: [2, 4].map((scaling) => ({ scaling, id: id + 0.1 * random(), error: 0.1, scale: 1 })),
    });
    const layers = [layer(1), layer(2 + loss), layer(4 + (i % 3)), layer(9 - 2 * loss)];
    const logitsIntrinsicDimension = [{ scaling: 2, id: 3 + loss + random(), error: 0.1, scale: 1 }];
    const result = { layers, loss, meanEntropy: 0.2 + loss + 0.1 * random(), logitsIntrinsicDimension };
    return { model: "llama-mini", prompt: `prompt ${i}`, shuffleIndex: 0, result: result as unknown as UnitResult };
  });
}

const run = results(12);
const shuffled = run.map((result) => ({ ...result, shuffleIndex: 5, result: { ...result.result, loss: 0 } }));
const ours = runCorrelations([...run, ...shuffled]);

describe("correlations by layer", () => {
  it("are those of the prompts as written", () => {
    expect(ours.map(({ label }) => label)).toEqual(["llama-mini"]);
    const [first, second, third] = ours[0].profile.correlations;
    expect(first.coefficient).toBeGreaterThan(0.95);
    expect(Math.abs(second.coefficient)).toBeLessThan(0.3);
    expect(third.coefficient).toBeLessThan(-0.95);
    expect(first.n).toBe(12);
  });

  it("have a seeded bootstrap band around them", () => {
    const band = (seed: string) => runCorrelations(run, { band: "bootstrap", seed })[0].band!;
    expect(band("1")).toEqual(band("1"));
    expect(band("1")).not.toEqual(band("2"));
    ours[0].profile.correlations.forEach(({ coefficient }, i) => {
      expect(band("1").low[i]).toBeLessThanOrEqual(coefficient);
      expect(band("1").high[i]).toBeGreaterThanOrEqual(coefficient);
    });
    expect(() => runCorrelations(run, { band: "wide" })).toThrow('unknown band "wide"');
  });

  it("stand beside the published layer at the same relative depth", () => {
    const published = publishedCorrelations(["Llama-3-8B"]);
    const table = correlationTable(ours, published, { n2: 2 });
    expect(table.map((row) => row["published layer"])).toEqual([11, 21, 32]);
    const { coefficient } = ours[0].profile.correlations[0];
    expect(table[0]).toMatchObject({ n2: 2, model: "llama-mini", layer: 1, n: 12, "published ρ": 0.6901 });
    expect(table[0].difference).toBeCloseTo(coefficient - 0.6901, 12);
    expect(correlationTable([], published)).toHaveLength(32);
    const alone = correlationTable([...ours, ...ours], published).slice(3);
    expect(alone.map((row) => Object.hasOwn(row, "difference"))).toEqual([false, false, false]);
    const [peak] = correlationPeakTable(published);
    expect(peak).toMatchObject({ model: "Llama-3-8B", "peak layer": 7, ρ: 0.7683, p: "7.4e-11", n: 50 });
  });
});

describe("published correlations", () => {
  it("are those of the authors' arrays, with their n", () => {
    const { layers, correlations } = publishedLossCorrelation("Mistral-7B", 4, "spearman");
    expect([layers.length, correlations[31].coefficient, correlations[31].n]).toEqual([32, 0.5417, 50]);
    expect(publishedLossCorrelation("GPT-2", 8).correlations[11]).toMatchObject({ coefficient: 0.5104, n: 2244 });
    expect(() => publishedLossCorrelation("GPT-2", 8, "spearman")).toThrow("there are those of Llama-3-8B");
    expect(() => publishedLossCorrelation("Llama-3-8B", 16)).toThrow("there are 2, 4, 8");
    expect(promptsOf(publishedCorrelations(["Llama-3-8B", "GPT-2"]))).toBe("50 to 2244");
    expect(digitizedLossCorrelation("Llama-3-8B", 2)!.values.slice(0, 2)).toEqual([Number.NaN, 0.632]);
    expect(digitizedLossCorrelation("Llama-3-8B", 8)).toBeUndefined();
    expect(digitizedLossCorrelation("OPT-6.7B", 2)).toBeUndefined();
  });

  it("of the logits follow from the published values, to the digit", () => {
    const logits = publishedModelLogits();
    for (const scaling of [2, 4, 8]) {
      const known = publishedLogitCorrelations(scaling).dimensionEntropy!;
      expect(dimensionEntropy(logits, scaling).correlation.coefficient.toFixed(4)).toBe(known.coefficient.toFixed(4));
    }
    expect(entropyLoss(logits).coefficient.toFixed(4)).toBe("0.9947");
    expect(() => dimensionEntropy(logits, 16)).toThrow("there are 2, 4, 8");
  });
});

describe("specifications", () => {
  it("Figure 6", async () => {
    const published = publishedCorrelations(["Llama-3-8B", "Mistral-7B", "Pythia-6.9B"]);
    await expectFigureSnapshot(
      figure6([
        { origin: "this machine", curves: ours },
        { origin: "published", curves: published },
      ]),
    );
  });

  it("Figure 6 of the published values alone is one panel with them to the digit", () => {
    const { data } = figure6([
      { origin: "this machine", curves: [] },
      { origin: "published", curves: publishedCorrelations(["Pythia-6.9B"]) },
    ]);
    const line = data.find(({ name, text }) => name === "Pythia-6.9B" && text)!;
    const { correlations } = publishedLossCorrelation("Pythia-6.9B", 2);
    expect(line.y).toEqual(correlations.map(({ coefficient }) => coefficient));
    expect(line.xaxis).toBe("x");
    const symbols = (line.marker as { symbol: string[] }).symbol;
    expect(symbols.map((symbol) => symbol.endsWith("-open"))).toEqual(correlations.map(({ p }) => p >= 0.01));
    expect(new Set(symbols).size).toBe(2);
  });

  it("Figure 17", async () => {
    const groups = [2, 4].map((scaling) => ({
      scaling,
      sources: [
        { origin: "this machine", curves: runCorrelations(run, { scaling }) },
        { origin: "published", curves: publishedCorrelations(["Llama-3-8B"], { scaling }) },
      ],
    }));
    await expectFigureSnapshot(figure17(groups));
  });

  it("Figures 7 and 18", async () => {
    const models = runLogits([...run, ...shuffled]);
    expect(models[0].prompts).toHaveLength(12);
    const sources = [
      { origin: "this machine", models },
      { origin: "published", models: [] },
    ];
    await expectFigureSnapshot(figure7(sources));
    await expectFigureSnapshot(figure18(sources, [2]));
    const bare = run.map((result) => ({
      ...result,
      result: { ...result.result, logitsIntrinsicDimension: undefined },
    }));
    expect(() => runLogits(bare)).toThrow("llama-mini, prompt 0: has no dimension of the logits");
  });

  it("Figure 7 of the published values shows every prompt", () => {
    const { data } = figure7([{ origin: "published", models: [publishedModelLogits()] }]);
    const { entropy, loss } = publishedModelLogits();
    const clouds = data.filter(({ mode }) => mode === "markers");
    expect(clouds.map(({ x }) => x)).toEqual([entropy, loss]);
    expect(clouds[1].y).toEqual(entropy);
  });

  it("Figure 20 and Table 1", async () => {
    const rows = [{ level: "token" as const, estimator: "2NN", profile: ours[0].profile }];
    await expectFigureSnapshot(
      figure20(rows, "this machine", publishedTable1(), digitizedLossCorrelation("OPT-6.7B", 4)),
    );
    const table = table1Rows(rows, publishedTable1());
    expect(table.map(({ level, estimator }) => `${level} ${estimator}`)).toEqual([
      "prompt ESS",
      "prompt 2NN",
      "prompt high scaling",
      "token 2NN",
      "token scaling 8",
    ]);
    // Whatever its sign: layer 1 or 3, whichever is stronger.
    const strongest = Math.max(...ours[0].profile.correlations.map(({ coefficient }) => Math.abs(coefficient)));
    expect(Math.abs(table[3].ρ as number)).toBe(strongest);
    expect(table[3]).toMatchObject({ "published ρ": 0.69, "published p": "<0.01" });
    expect(table[4]).toEqual({ level: "token", estimator: "scaling 8", "published ρ": 0.73, "published p": "<0.01" });
  });
});
