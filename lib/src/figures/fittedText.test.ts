import { describe, expect, it } from "vitest";
import { measureText } from "../machine/render/measureText";
import { linesThatFit, shortened, widthOf } from "./fittedText";

const STYLE = { size: 12, bold: false, italic: false, monospace: false };

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
    for (const line of linesThatFit("a".repeat(100), 80, 12)) expect(widthOf(line, 12)).toBeLessThan(80);
  });

  it("breaks neither numbers, nor letters of several code points, nor markup", () => {
    expect(linesThatFit("ρ=-0.910-and-more", 60, 12).join("|")).not.toMatch(/-\|0|0\.\|9/);
    expect(linesThatFit("👩🏽‍🔬".repeat(6), 40, 12).join("|")).not.toMatch(/\u200d\||\|\u200d|\|🏽/);
    const marked = linesThatFit("n<sub>2</sub>&lt;".repeat(9), 50, 12);
    expect(marked.length).toBeGreaterThan(2);
    for (const line of marked) expect(line.replaceAll(/n|<sub>2<\/sub>|&lt;/g, "")).toBe("");
  });

  it("breaks between letters only what is longer than a line", () => {
    expect(linesThatFit(`${"a".repeat(30)}: p = 0.0123456, n = 4`, 90, 12).join("|")).not.toMatch(/\d\|\d/);
  });

  it("keeps names that are written from right to left so in every line", () => {
    const name = `\u2068${"בוקר אביבי ".repeat(9)}1\u2069: 50 prompts`;
    const lines = linesThatFit(name, 120, 12);
    expect(lines.length).toBeGreaterThan(3);
    for (const line of [...lines, shortened(name, 120, 12)]) {
      expect(line.split("\u2068").length).toBe(line.split("\u2069").length);
      if (/[א-ת]/.test(line)) expect(line).toMatch(/^\u2068.*\u2069/);
    }
  });

  it("leaves out the middle of what takes more lines than there may be", () => {
    const names = ["1", "2"].map((end) => `${"a-name-of-many-letters_".repeat(20)}${end}`);
    const [first, second] = names.map((name) => linesThatFit(name, 150, 12, 3));
    expect(first.length).toBeLessThanOrEqual(3);
    expect(first.join("")).toMatch(/^a-name-of.*….*1$/);
    expect(first).not.toEqual(second);
  });

  it("measures what is seen, not the tags, and lines by themselves", () => {
    expect(linesThatFit("n<sub>2</sub> = 2", 60, 12)).toEqual(["n<sub>2</sub> = 2"]);
    expect(widthOf("a&lt;b", 12)).toBeCloseTo(measureText("a<b", STYLE).width, 10);
    expect(widthOf("wide<br>w", 12)).toBe(widthOf("wide", 12));
  });
});

describe("shortened", () => {
  it("keeps both ends", () => {
    expect(shortened("Instruct-Q4_K_M.gguf", 80, 12)).toBe("Instru….gguf");
    expect(shortened("short", 80, 12)).toBe("short");
    expect(shortened("anything", 1, 12)).toBe("…");
  });
});
