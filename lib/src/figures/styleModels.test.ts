import { describe, expect, it, test } from "vitest";
import { alike, curveLooks, differInGray, differToDeuteranopes } from "../../../tests/support/curveLooks";
import { FIGURE_ROWS } from "../../../tests/support/figureRows";
import type { AnyRow } from "../results/row";
import { figure12 } from "./fig12";
import { FIGURES } from "./figures";
import type { PaperFigure } from "./paperFigure";
import { lightness, shaded, shuffleColor } from "./styleColors";
import { FORMS, formOf } from "./styleForms";
import { MOST_LOOKS, modelLooks } from "./styleModels";

const PYTHIAS = ["14m", "31m", "70m", "160m", "410m", "1b", "1.4b", "2.8b", "6.9b", "12b"].map(
  (size) => `pythia-${size}`,
);
const UNKNOWN = Array.from({ length: 20 }, (_, index) => `run-${index}`);

const looksOf = (names: readonly string[]) => [...modelLooks(names)].map(([name, look]) => ({ name, ...look }));
const differentColors = (first: string, second: string) => first !== second;

describe("looks of models", () => {
  it.each([
    ["the sizes of a family", PYTHIAS],
    ["sizes of several families", [...PYTHIAS, "Llama-3-8B", "llama-mini", "opt-125m", "opt-1.3b", "Mistral-7B"]],
    ["names that nobody knows", UNKNOWN],
    ["checkpoints", Array.from({ length: FORMS }, (_, index) => `checkpoint-${1000 * (index + 1)}`)],
  ])("of %s differ in form or lightness, and to who sees no green", (_, names) => {
    const looks = looksOf(names);
    expect(looks).toHaveLength(names.length);
    expect(alike(looks, differInGray)).toEqual([]);
    expect(alike(looks, differToDeuteranopes)).toEqual([]);
  });

  it("differ in color or form up to a number, from which on the caption says so", () => {
    const names = Array.from({ length: MOST_LOOKS }, (_, index) => `model ${index}`);
    expect(alike(looksOf(names), differentColors)).toEqual([]);
    const more = [...names, "one more"];
    expect(alike(looksOf(more), differentColors)).toHaveLength(1);
    const captionOf = (models: string[]) => figure12.caption(models.map((model) => ({ ...FIGURE_ROWS[12][0], model })));
    expect(captionOf(names)).not.toContain("alike");
    expect(captionOf(more)).toContain(`Of ${MOST_LOOKS + 1} models some look alike: there are ${MOST_LOOKS} looks.`);
  });

  it("do not depend on the order of the names, nor on names beside them that look otherwise", () => {
    expect(modelLooks(PYTHIAS.toReversed()).get("pythia-70m")).toEqual(modelLooks(PYTHIAS).get("pythia-70m"));
    for (const name of UNKNOWN.slice(0, 5)) {
      expect(modelLooks([name]).get(name)).toEqual(modelLooks(UNKNOWN).get(name));
    }
  });

  it("have the color of their family, darker for fewer weights", () => {
    const looks = modelLooks(["Pythia-6.9B", "pythia-12b", "pythia-160m", "llama-mini"]);
    expect(looks.get("Pythia-6.9B")).toEqual({ color: "#648FFF", ...formOf(2) });
    expect(looks.get("pythia-12b")?.color).toBe("#648FFF");
    expect(lightness(looks.get("pythia-160m")?.color ?? "")).toBeLessThan(lightness("#648FFF") - 10);
    expect(looks.get("llama-mini")?.color).toBe("#FE6100");
  });
});

test("forms are different ones until they repeat", () => {
  const forms = Array.from({ length: FORMS }, (_, index) => JSON.stringify(formOf(index)));
  expect(new Set(forms).size).toBe(FORMS);
  expect(formOf(FORMS)).toEqual(formOf(0));
});

test("lightness is CIE L*", () => {
  expect(["#000000", "#FFFFFF", "#777777", "#648FFF"].map((color) => Math.round(lightness(color)))).toEqual([
    0, 100, 50, 61,
  ]);
  expect(lightness("#050505")).toBeCloseTo(1.371, 2);
  expect(shaded("#648FFF", 0.5)).toBe("#324880");
});

describe("curves of a panel", () => {
  const { 1: figure1, ...ofRows } = FIGURES;
  const figures = Object.entries(ofRows as unknown as Record<keyof typeof FIGURE_ROWS, PaperFigure<AnyRow, object>>);

  it.each(figures)("of Figure %s are told apart in gray print and by the color-blind", (key, figure) => {
    const panels = curveLooks(figure.draw(FIGURE_ROWS[Number(key) as keyof typeof FIGURE_ROWS]));
    expect(panels.flat().length).toBeGreaterThan(0);
    for (const looks of panels) {
      expect(alike(looks, differInGray)).toEqual([]);
      expect(alike(looks, differToDeuteranopes)).toEqual([]);
    }
  });

  it("would not be by color alone: both ends of the shuffling are equally light", () => {
    expect(differInGray(shuffleColor(0), shuffleColor(5))).toBe(false);
    expect(differToDeuteranopes(shuffleColor(0), shuffleColor(5))).toBe(true);
  });
});
