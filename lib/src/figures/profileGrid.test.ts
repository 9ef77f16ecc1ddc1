import { describe, expect, it, test } from "vitest";
import { MODELS, ownProfiles, publishedProfiles } from "../../../tests/support/figureRows";
import { ofFirstModel, SHUFFLED, studyOf } from "../../../tests/support/studyRows";
import type { Figure, PlotlyTrace } from "../machine/render/figure";
import { meanOverPrompts } from "../results/means";
import { published, publishedMeans } from "../results/published";
import { select } from "../results/row";
import { figure2 } from "./fig02";
import { figure3 } from "./fig03";
import { figure5 } from "./fig05";
import { figure11 } from "./fig11";
import { figure12 } from "./fig12";
import { figure14 } from "./fig14";

const LLAMA = { models: ["Llama-3-8B"] };
const ofPanel = (figure: Figure, xaxis: string, isBand: boolean): PlotlyTrace[] =>
  figure.data.filter((trace) => trace.xaxis === xaxis && (trace.fill !== undefined) === isBand);

describe("the published figures show the published numbers", () => {
  test.each([
    ["2", figure2, "cosineSimilarity", undefined],
    ["3", figure3, "intrinsicDimension", 2],
    ["5", figure5, "neighborhoodOverlap", 2],
  ] as const)("Figure %s, to the digit", (_, figure, quantity, parameter) => {
    const drawn = figure.draw(publishedProfiles(quantity, parameter));
    const left = ofPanel(drawn, "x", false);
    expect(left.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4, 5].map((index) => `S = ${index}`));
    left.forEach(({ x, y }, shuffle) => {
      const rows = published(quantity, parameter, { ...LLAMA, shuffles: [shuffle] });
      expect({ x, y }).toEqual({ x: rows.map(({ layer }) => layer), y: rows.map(({ value }) => value) });
    });
    const right = ofPanel(drawn, "x2", false);
    expect(right.map(({ name }) => name)).toEqual(["structured (S = 0)", "shuffled (S = 5)"]);
    [0, 5].forEach((shuffle, line) => {
      const rows = publishedMeans(quantity, parameter, { ...LLAMA, shuffles: [shuffle] });
      const layers = rows.map(({ layer }) => layer);
      expect(right[line]).toMatchObject({ x: layers, y: rows.map(({ mean }) => mean) });
      const upper = rows.map(({ mean, sd }) => mean + sd);
      const lower = rows.map(({ mean, sd }) => mean - sd);
      expect(ofPanel(drawn, "x2", true)[line]).toMatchObject({
        x: [...layers, ...layers.toReversed()],
        y: [...upper, ...lower.toReversed()],
      });
    });
    expect(right[0].text).toContainEqual(expect.stringMatching(/^layer 7<br>.*<br>sd .*<br>n 50$/));
  });
});

const titlesOf = ({ layout }: Figure) => (layout.annotations as { text: string }[]).map(({ text }) => text);

test("our rows stand above the published ones, one legend, every panel titled", () => {
  const rows = ofFirstModel(ownProfiles("intrinsicDimension", 2));
  const figure = figure3.draw([...publishedProfiles("intrinsicDimension", 2), ...rows]);
  expect(titlesOf(figure)).toEqual([
    "llama-mini: prompt 0",
    "llama-mini: mean ± sd, 2 prompts",
    "Llama-3-8B (published): prompt 3218",
    "Llama-3-8B (published): mean ± sd, 50 prompts",
  ]);
  const listed = figure.data.filter(({ showlegend }) => showlegend === true);
  expect(listed.map(({ name, xaxis }) => [name, xaxis])).toEqual([
    ["structured (S = 0)", "x2"],
    ["shuffled (S = 5)", "x2"],
  ]);
  expect(figure.layout.height).toBeGreaterThan(figure3.draw(rows).layout.height);
});

test("captions and axes name the range scaling of the rows, and what is special about them", () => {
  const { caption, layout } = figure3.draw(publishedProfiles("intrinsicDimension", 4));
  expect(`${caption} ${JSON.stringify(layout.yaxis)}`).toMatch(/n2 = 4.*<sub>2<\/sub> = 4/);
  const recorded = studyOf(
    [...SHUFFLED.results],
    { settings: { bos: true } as never, manifest: { models: [{ recorded: { file: "data/recorded/x.parquet" } }] } },
    "recorded",
  );
  const rows = meanOverPrompts(recorded.of("intrinsicDimension", 2));
  expect(figure12.draw(rows).caption).toMatch(
    /A beginning-of-text token in front, itself not measured\. Recorded: data\/recorded\/x\.parquet\.$/,
  );
  expect(titlesOf(figure12.draw(rows))).toContain("recorded: mean ± sd, 2 prompts");
});

describe("panels", () => {
  it("of ours and the published ones are rows of their own, each with its vertical range", () => {
    const ours = [1, 2, 3].flatMap((k) => ofFirstModel(meanOverPrompts(SHUFFLED.of("neighborhoodOverlap", k))));
    const theirs = [1, 2].flatMap((k) => publishedMeans("neighborhoodOverlap", k, LLAMA));
    const { layout } = figure11.draw([...ours, ...theirs]);
    const axes = ["", 2, 3, 4, 5].map((panel) => layout[`yaxis${panel}`] as { matches?: string });
    expect(axes.map(({ matches }) => matches)).toEqual([undefined, "y", "y", undefined, "y4"]);
    expect(layout.yaxis6).toMatchObject({ visible: false });
  });

  it("name each curve once in the legend, and tell models apart by color, dash and marker", () => {
    const theirs = publishedProfiles("intrinsicDimension", 2, MODELS);
    const { data } = figure12.draw([...ownProfiles("intrinsicDimension", 2), ...theirs]);
    const names = data.filter(({ showlegend }) => showlegend).map(({ name }) => name);
    expect(names).toEqual(["llama-mini", "opt-mini", ...MODELS]);
    const lines = ofPanel(figure12.draw(theirs), "x", false);
    for (const property of ["line", "marker"] as const) {
      expect(new Set(lines.map((line) => JSON.stringify(line[property]))).size).toBe(3);
    }
    expect(lines.map(({ line }) => line?.color)).toEqual(["#FE6100", "#DC267F", "#648FFF"]);
  });
});

test("what is not among the rows has no panel", () => {
  const means = publishedMeans("intrinsicDimension", 2, LLAMA);
  expect(titlesOf(figure3.draw(means))).toEqual(["Llama-3-8B (published): mean ± sd, 50 prompts"]);
  const single = published("neighborhoodOverlap", 2, LLAMA);
  expect(titlesOf(figure5.draw(single))).toEqual(["Llama-3-8B (published): prompt 3218"]);
  expect(titlesOf(figure12.draw(means))).toEqual(["published: mean ± sd, 50 prompts"]);
});

test("Figure 14 goes through the scales at the layers of each depth", () => {
  const rows = publishedProfiles("intrinsicDimension", undefined);
  const { data } = figure14.draw(rows, { depths: [0.3] });
  const mean = data.filter(({ fill, xaxis }) => fill === undefined && xaxis === "x3")[0];
  expect(mean.x).toEqual([2, 4, 8, 16, 32, 64, 128, 256]);
  const [at] = [select(publishedMeans("intrinsicDimension", undefined, LLAMA), { shuffle: 0, layer: 10 })];
  expect(mean.y).toEqual(at.map((row) => row.mean));
  expect(mean.text).toContainEqual(expect.stringMatching(/^n2 = 8<br>layer 10: dimension .*<br>n 50$/));
});
