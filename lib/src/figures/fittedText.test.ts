import { describe, expect, it } from "vitest";
import { measureText } from "../machine/render/fonts";
import { linesThatFit } from "./fittedText";

const plain = { size: 12, bold: false, italic: false, monospace: false };

describe("linesThatFit", () => {
  it("leaves alone what fits", () => {
    expect(linesThatFit("ρ = 0.96, n = 48", 300, 12)).toEqual(["ρ = 0.96, n = 48"]);
    expect(linesThatFit("", 10, 12)).toEqual([""]);
  });

  it("breaks at the end of a part, or else between words, within names, between letters", () => {
    expect(linesThatFit("my-model: ρ = 0.96, n = 48", 150, 12)).toEqual(["my-model:", "ρ = 0.96, n = 48"]);
    expect(linesThatFit("one two three, four five six seven", 60, 12)).toEqual([
      "one two",
      "three,",
      "four five",
      "six seven",
    ]);
    expect(linesThatFit("Instruct-Q4_K_M.gguf", 80, 12)).toEqual(["Instruct-Q4_", "K_M.gguf"]);
    for (const line of linesThatFit("a".repeat(100), 80, 12)) expect(measureText(line, plain).width).toBeLessThan(80);
  });

  it("measures what is seen, not the tags", () => {
    expect(linesThatFit("n<sub>2</sub> = 2", 60, 12)).toEqual(["n<sub>2</sub> = 2"]);
  });
});
