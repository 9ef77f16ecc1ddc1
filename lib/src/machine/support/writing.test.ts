import { describe, expect, it, test } from "vitest";
import { directionOf, embeddingLevels, hasRightToLeft, isolated, visualOrder } from "./writing";

describe("names that are written from right to left", () => {
  it("are found in every script that is, and in no other", () => {
    for (const text of ["מודל", "نموذج", "ܐܒ", "ޑިވެ", "ߒߞߏ", "x ﷽"]) expect(hasRightToLeft(text)).toBe(true);
    for (const text of ["model-7B", "春天的早晨", "वसंत", "Ωμέγα", "🌸", "ρ = 0.9 ± 1", ""]) {
      expect(hasRightToLeft(text)).toBe(false);
    }
  });

  it("are set apart once, others not at all", () => {
    expect(isolated("מודל 3")).toBe("\u2068מודל 3\u2069");
    expect(isolated(isolated("מודל 3"))).toBe("\u2068מודל 3\u2069");
    expect(isolated("model 3")).toBe("model 3");
  });

  it("have the direction of their first letter", () => {
    expect(["12 אב c", " (Tensor אב", "12 !"].map(directionOf)).toEqual(["rtl", "ltr", undefined]);
  });
});

/** What is seen of pieces from left to right. */
function seen(pieces: string[], base: "ltr" | "rtl"): string[] {
  return visualOrder(embeddingLevels(pieces, base)).map((index) => pieces[index]);
}

// Expected: the order that the examples of UAX #9, section 3.4, have, with words for letters.
describe("the order of pieces on a line", () => {
  test.each([
    ["left to right alone", ["car", " means", " CAR", "."], "ltr", ["car", " means", " CAR", "."]],
    ["a phrase from right to left", ["see", " א", " ב", " ג", " there"], "ltr", ["see", " ג", " ב", " א", " there"]],
    ["a line from right to left", ["א", " ב", "."], "rtl", [".", " ב", "א"]],
    ["a word from left to right inside", ["א", " Tensor", "Flow", " ב"], "rtl", [" ב", " Tensor", "Flow", "א"]],
    ["a number after letters", ["א", " 12", " ב"], "rtl", [" ב", " 12", "א"]],
    ["a comma inside a phrase", ["x", " א", ",", " ב"], "ltr", ["x", " ב", ",", " א"]],
    ["a full stop behind a phrase", ["x", " א", "."], "ltr", ["x", " א", "."]],
    ["nothing", [], "ltr", []],
  ] as const)("%s", (_, pieces, base, expected) => {
    expect(seen([...pieces], base)).toEqual(expected);
  });
});
