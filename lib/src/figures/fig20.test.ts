import { expect, it } from "vitest";
import { FIGURE_ROWS, ownCorrelations } from "../../../tests/support/figureRows";
import { isPublished } from "../results/row";
import { atTokenLevel, figure20 } from "./fig20";

it("curves at token level are called as in Table 1", () => {
  const labels = atTokenLevel([2, 4].flatMap(ownCorrelations)).map(({ label }) => label);
  expect([...new Set(labels)]).toEqual(["token, 2NN", "token, scaling 4"]);
});

it("the values of Table 1 are levels over all layers, without a band", () => {
  const { data, layout } = figure20.draw(FIGURE_ROWS[20]);
  const levels = data.filter(({ xaxis, mode }) => xaxis === "x2" && mode === "lines");
  expect(levels.map(({ name, x, y }) => [name, x, y])).toEqual([
    ["prompt, ESS", [1, 32], [0.51, 0.51]],
    ["prompt, 2NN", [1, 32], [0.13, 0.13]],
    ["prompt, high scaling", [1, 32], [-0.46, -0.46]],
    ["token, 2NN", [1, 32], [0.69, 0.69]],
    ["token, scaling 8", [1, 32], [0.73, 0.73]],
  ]);
  const titles = (layout.annotations as { text: string }[]).map(({ text }) => text);
  expect(titles).toEqual(["this machine: llama-mini, 12 prompts", "published: OPT-6.7B"]);
});

it("of the published values alone it is one panel", () => {
  const { data } = figure20.draw(FIGURE_ROWS[20].filter(isPublished));
  expect(new Set(data.map(({ xaxis }) => xaxis))).toEqual(new Set(["x", undefined]));
});
