import { expect, test } from "vitest";
import { didYouMean, nearest } from "./nearest";

test.each([
  ["fig022", ["fig02", "fig20"], "fig02"],
  ["LOSS", ["mean", "loss"], "loss"],
  ["sitting", ["kitten", "mittens"], "kitten"], // 3 letters of 7
  ["abcd", ["wxyz", ""], undefined],
  ["", ["a"], undefined],
  ["p", ["q", "p-12"], "p-12"],
])("%j among %j is %j", (word, known, meant) => expect(nearest(word, known)).toBe(meant));

test("is said where there is one", () => {
  expect(didYouMean("llama-min", ["llama-mini"])).toBe("; did you mean llama-mini?");
  expect(didYouMean("x", ["llama-mini"])).toBe("");
});
