import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { copyModelWithTokenizer } from "../../../../tests/support/tinyModel";
import { localDimensions } from "../../geometry/localDimension";
import { loadModel } from "../../model/model";
import { runExperiment } from "./experiment";
import { explorePrompt, fitTokens } from "./exploration";

const TEXT = "The tide came in over the flats, and the boats that had lain on their sides all day began to stir.";

describe("explorePrompt", () => {
  test("measures what an experiment measures, in the same orders", async () => {
    const folder = temporaryFolder();
    const model = copyModelWithTokenizer(join(folder, "tiny"));
    const settings = { tokens: 64, shuffleIndices: [0, 1, 3], seed: "a" };
    const explored = await explorePrompt(model, { name: "tide", text: TEXT }, { ...settings, backend: "cpu" });
    const prompts = join(folder, "tide.txt");
    writeFileSync(prompts, TEXT);
    const experiment = await runExperiment(
      { ...settings, models: [model], prompts },
      { store: join(folder, "store"), backend: "cpu" },
    );
    const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
    expect(explored.orders.map(({ shuffleIndex, result }) => plain({ shuffleIndex, result }))).toEqual(
      experiment.results.map(({ shuffleIndex, result }) => plain({ shuffleIndex, result })),
    );
    expect(explored.pieces.join("")).toBe(TEXT.slice(0, 64));
    expect(explored.textTokens).toBe(TEXT.length);
  });

  test("says of each token of the text, in any order, how far its neighbors are at every layer", async () => {
    const model = copyModelWithTokenizer(join(temporaryFolder(), "tiny"));
    const options = { tokens: 64, shuffleIndices: [3], seed: "a", neighbors: 2, backend: "cpu" };
    const { orders, pieces } = await explorePrompt(model, { name: "tide", text: TEXT }, options);
    expect(orders.map(({ shuffleIndex }) => shuffleIndex)).toEqual([0, 3]);
    for (const { spacings } of orders) {
      expect(spacings).toHaveLength(4); // 3 blocks
      for (const { distances, nearest } of spacings) expect([distances.length, nearest.length]).toEqual([64, 64]);
      // Of the embeddings the order does not matter: copies of a token coincide, and the nearest of one is another.
      const copies = (token: number) => pieces.filter((piece) => piece === pieces[token]).length - 1;
      pieces.forEach((piece, token) => {
        expect(spacings[0].distances[token] === 0).toBe(copies(token) >= 2);
        if (copies(token) >= 1) expect(pieces[spacings[0].nearest[token][0]]).toBe(piece);
      });
    }
    expect(orders[1].spacings[0].distances).toEqual(orders[0].spacings[0].distances);
    expect(orders[1].spacings[3].distances).not.toEqual(orders[0].spacings[3].distances);
  });
});

describe("of each token of the text, in any order", () => {
  test("its loss, and the dimension around it at every layer, are those of the run", async () => {
    const model = copyModelWithTokenizer(join(temporaryFolder(), "tiny"));
    const options = { tokens: 64, shuffleIndices: [3], seed: "a", leaveOut: 2, backend: "cpu" };
    const { orders } = await explorePrompt(model, { name: "tide", text: TEXT }, options);
    const loaded = await loadModel(model, { backend: "cpu" });
    for (const { shuffleIndex, dimensions, losses } of orders) {
      const run = { tokens: 64, shuffle: { index: shuffleIndex, seed: "a" }, leaveOut: 2, keep: false };
      const { hidden, tokenLoss, loss } = await loaded.run(TEXT, run);
      const known = losses.filter((value) => !Number.isNaN(value));
      expect(known.length).toBe(61);
      expect(known.reduce((sum, value) => sum + value, 0) / 61).toBeCloseTo(loss, 10);
      expect([...known].sort()).toEqual([...tokenLoss].sort());
      if (shuffleIndex === 0) expect(losses).toEqual([Number.NaN, Number.NaN, Number.NaN, ...tokenLoss]);
      expect(dimensions).toHaveLength(4);
      const expected = await localDimensions(hidden[3]);
      if (shuffleIndex === 0) expect(dimensions[3]).toEqual([Number.NaN, Number.NaN, ...expected]);
      expect([...dimensions[3]].sort()).toEqual([Number.NaN, Number.NaN, ...expected].sort());
      // Copies of a token are one point of the embeddings.
      const [one, other] = [TEXT.indexOf("e", 10), TEXT.lastIndexOf("e", 63)];
      expect([dimensions[0][one] > 0, dimensions[0][other]]).toEqual([true, dimensions[0][one]]);
    }
  });
});

describe("fitTokens", () => {
  test("takes as many tokens as fall into equal blocks, and leaves out what they are too few for", () => {
    expect(fitTokens(5000, 1024, [0, 5], "x")).toEqual({ tokens: 1024, shuffleIndices: [0, 5] });
    expect(fitTokens(200, 1024, [5, 1, 3], "x")).toEqual({ tokens: 192, shuffleIndices: [0, 1, 3] });
    expect(fitTokens(3, 1024, [0, 1], "x")).toEqual({ tokens: 3, shuffleIndices: [0] });
    expect(() => fitTokens(2, 1024, [0], "“a b”")).toThrow(/“a b”: has 2 tokens/);
    expect(() => fitTokens(20, 1024, [1.5], "x")).toThrow(/shuffle index 1.5/);
  });
});
