import { expect, it } from "vitest";
import { ownCorrelations } from "../../../tests/support/figureRows";
import { publishedCorrelations } from "../results/correlations";
import { figure6 } from "./fig06";
import { figure17 } from "./fig17";

const pythia = publishedCorrelations(2, { models: ["Pythia-6.9B"] });

it("Figure 6 of the published values alone is one panel with them to the digit", () => {
  const { data } = figure6.draw(pythia);
  const line = data.find(({ name, text }) => name === "Pythia-6.9B" && text)!;
  const computed = pythia.filter(({ note }) => note === undefined);
  expect(line.y).toEqual(computed.map(({ coefficient }) => coefficient));
  expect(line.xaxis).toBe("x");
  const symbols = (line.marker as { symbol: string[] }).symbol;
  expect(symbols.map((symbol) => symbol.endsWith("-open"))).toEqual(computed.map(({ p }) => p >= 0.01));
  expect(new Set(symbols).size).toBe(2);
});

it("the legend lists a model once for each origin, under it", () => {
  const rows = [2, 4].flatMap((scaling) => [
    ...ownCorrelations(scaling),
    ...publishedCorrelations(scaling, { models: ["Llama-3-8B"] }),
  ]);
  const listed = figure17.draw(rows).data.filter(({ showlegend }) => showlegend !== false);
  expect(listed.map(({ name, legendgrouptitle }) => [name, legendgrouptitle?.text])).toEqual([
    ["llama-mini", "this machine"],
    ["Llama-3-8B", "published"],
    ["p < 0.01", "markers"],
    ["p ≥ 0.01", undefined],
    ["read off the paper", undefined],
  ]);
});
