import { describe, expect, it } from "vitest";
import { expectFigureSnapshot } from "../../../tests/support/figureSnapshot";
import type { LayerGeometry } from "../geometry/metrics";
import type { Exploration } from "../machine/experiment/exploration";
import { explorationTable, sparseness, standingOut } from "../machine/experiment/explorationTables";
import { comparisonFigure, explorationFigure } from "./explorationProfiles";
import { withoutSlider } from "./slider";
import { tokenSpacingFigure } from "./tokenSpacing";

/** Three layers after the embeddings, four tokens; every number says where it is from: prompt, S, layer. */
function exploration(prompt: number, shuffleIndices: number[]): Exploration {
  const orders = shuffleIndices.map((shuffleIndex) => {
    const base = 10 * prompt + shuffleIndex;
    const layers = [0, 1, 2, 3].map((layer) => ({
      intrinsicDimension:
        layer === 0
          ? []
          : [2, 4].map((scaling) => ({ scaling, id: base + scaling - (layer - 2) ** 2, error: layer / 10, scale: 1 })),
      cosineSimilarity: { mean: (base + layer) / 100, std: 0 },
      neighborhoodOverlap: layer === 0 ? [] : [1, 2].map((k) => (base + layer + k) / 100),
    }));
    return {
      shuffleIndex,
      result: { layers: layers as unknown as LayerGeometry[], loss: base + 0.5, meanEntropy: base + 0.25 },
      spacings: [0, 1, 2, 3].map((layer) => ({
        distances: [4, 1, 2 + shuffleIndex, 1].map((distance) => (layer === 0 ? 0 : distance * layer)),
        nearest: [
          [1, 2],
          [3, 2],
          [1, 3],
          [1, 2],
        ],
      })),
      dimensions: [0, 1, 2, 3].map((layer) => [layer === 0 ? Number.NaN : 5, 4 - layer, 3, 4]),
      losses: [Number.NaN, 2, 1 + shuffleIndex, 3],
    };
  });
  const provenance = { model: "mini" };
  return {
    model: "mini",
    prompt: `prompt ${prompt}`,
    pieces: ["A", " the", "<b>", " the"],
    textTokens: 9,
    neighbors: 2,
    orders,
    provenance,
  };
}

const first = exploration(1, [0, 1, 2]);
const short = exploration(2, [0]);

describe("figures of an exploration", () => {
  it("as snapshots", async () => {
    await expectFigureSnapshot(explorationFigure(first));
    await expectFigureSnapshot(comparisonFigure([first, short], { scaling: 4, neighbors: 1 }));
    await expectFigureSnapshot(tokenSpacingFigure(first, 2));
  });

  it("have everything that the sliders show in the specification", () => {
    const { data, layout } = explorationFigure(first);
    const [{ steps, active }] = layout.sliders as {
      steps: { label: string; args: [Record<string, unknown[]>, unknown, number[]] }[];
      active: number;
    }[];
    expect(steps.map(({ label }) => label)).toEqual(["1", "2"]);
    // The step that is active says what the figure shows.
    const [changes, , traces] = steps[active].args;
    expect(traces.map((trace) => data[trace].y)).toEqual(changes.y);
    expect(traces.map((trace) => data[trace].name)).toEqual(changes.name);
    expect(steps[0].args[0].y[0]).toEqual([12, 13, 12]); // S = 1 of prompt 1 at n2 = 2, by layer
    const tokens = tokenSpacingFigure(first, 3);
    const [layers] = tokens.layout.sliders as typeof layout.sliders as { steps: typeof steps; active: number }[];
    expect(layers.steps).toHaveLength(4);
    expect(layers.steps[3].args[0].y).toEqual(tokens.data.map(({ y }) => y));
    expect(layers.steps[0].args[0].y).toEqual([0, 1].map(() => new Array(4).fill(Number.NaN))); // all coincide
  });

  it("have every token in the picture, at every layer: in its place, or as a triangle that is counted", () => {
    const distances = [
      [0, 0, 0, 5],
      [1, 1, 1, 126],
      [0, 0, 0, 0],
      [Number.NaN, 1, 2, 3],
      [0, 0, 2, 4],
    ];
    const spacings = distances.map((ofLayer) => ({ distances: ofLayer, nearest: ofLayer.map(() => []) }));
    const { data, layout } = tokenSpacingFigure({ ...short, orders: [{ ...short.orders[0], spacings }] }, 1);
    const [{ steps }] = layout.sliders as {
      steps: { args: [Record<string, unknown[][]>, Record<string, string>] }[];
    }[];
    const { range } = layout.yaxis as { range: [number, number] };
    const seen = steps.map(({ args: [{ y, "marker.symbol": symbol, customdata }, changes] }) => {
      for (const place of y[0] as number[])
        if (!Number.isNaN(place)) expect(place >= range[0] && place <= range[1]).toBe(true);
      return [customdata[0], symbol[0], changes["annotations[0].text"]];
    });
    const [none, disc, beyond] = [Number.NaN, "circle", "triangle-up"];
    expect(seen).toEqual([
      [[0, 0, 0, 1], disc, "as written; 3 coincide: median of the others"],
      [[1, 1, 1, 126], [disc, disc, disc, beyond], "as written; ▲: 1 of 4 beyond, up to 126"],
      [[none, none, none, none], disc, "as written; all tokens coincide: nothing to compare"],
      [[none, 0.5, 1, 1.5], disc, "as written; 1 not measured"],
      [[0, 0, 2, 4], disc, "as written"],
    ]);
    expect([data[0].customdata, (layout.annotations as { text: string }[])[0].text]).toEqual([seen[1][0], seen[1][2]]);
    const flat = tokenSpacingFigure({ ...short, orders: [{ ...short.orders[0], spacings: [spacings[2]] }] }, 0);
    expect((flat.layout.yaxis as { range: number[] }).range).toEqual([0, 1]);
  });

  it("are the same without a slider, for print", () => {
    const figure = explorationFigure(first);
    const plain = withoutSlider(figure);
    expect(plain.data).toBe(figure.data);
    expect(plain.layout.sliders).toBeUndefined();
    expect(plain.layout.height).toBeLessThan(figure.layout.height);
    expect(withoutSlider(plain)).toBe(plain);
  });

  it("need no shuffling: a short text has one order", () => {
    const { data, layout } = explorationFigure(short);
    expect(layout.sliders).toBeUndefined();
    expect(data).toHaveLength(5);
    expect(tokenSpacingFigure(short, 1).data).toHaveLength(1);
  });

  it("say what there is if something is asked for that is not", () => {
    expect(() => explorationFigure(first, { scaling: 8 })).toThrow(/range scaling 8: there is 2, 4/);
    expect(() => explorationFigure(first, { neighbors: 3 })).toThrow(/k = 3: k is 1 to 2/);
  });
});

describe("tables of an exploration", () => {
  it("name who stands out, each token once, and next to whom", () => {
    const rows = standingOut(first, 1, 1, 2);
    expect(rows.map(({ region, place, token, nearest }) => [region, place, token, nearest])).toEqual([
      ["crowded", 2, '" the"', '" the" "<b>"'],
      ["crowded", 3, '"<b>"', '" the" " the"'],
      ["sparse", 1, '"A"', '" the" "<b>"'],
      ["sparse", 3, '"<b>"', '" the" " the"'],
    ]);
    expect(standingOut(first, 0, 0)).toEqual([]); // All coincide.
    expect(() => standingOut(first, 5, 1)).toThrow(/shuffle index 5 was not explored; there is 0, 1, 2/);
    expect(() => standingOut(first, 0, 4)).toThrow(/no layer 4; layers are 0 to 3/);
  });

  it("rank tokens among those of the layer, equal ones alike", () => {
    expect(sparseness(first.orders[0].spacings[1])).toEqual([0.875, 0.25, 0.625, 0.25]);
  });

  it("tell each order in numbers, the peak without layer 0", () => {
    const [row] = explorationTable([first], 4);
    expect(row).toEqual({
      prompt: "prompt 1",
      S: 0,
      tokens: 4,
      "loss (nats)": 10.5,
      "entropy (nats)": 10.25,
      "highest ID": 14,
      "± error": 0.2,
      "at layer": 2,
      "cosine, last layer": 0.13,
    });
    expect(explorationTable([first, short])).toHaveLength(4);
    const [none] = explorationTable([short], 64);
    expect([none["highest ID"], none["± error"], none["at layer"]]).toEqual([Number.NaN, Number.NaN, null]);
  });
});
