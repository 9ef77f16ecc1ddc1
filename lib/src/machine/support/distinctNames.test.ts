import fc from "fast-check";
import { expect, test } from "vitest";
import { distinctNames } from "./distinctNames";

test("who is alone keeps the short name, the others take as much more as they need", () => {
  const spellings = ["a/x", "b/x", "c/b/x", "y"].map((path): [string, ...string[]] => {
    const parts = path.split("/");
    return parts.map((_, i) => parts.slice(-1 - i).join("/")) as [string, ...string[]];
  });
  expect(distinctNames(spellings)).toEqual(["a/x", "b/x", "c/b/x", "y"]);
});

test("what cannot be told apart is numbered, past names that are taken", () => {
  expect(distinctNames([["x"], ["x"], ["x (2)"], ["x"]])).toEqual(["x", "x (3)", "x (2)", "x (4)"]);
});

test("a longer name that somebody has from the start is nobody else's", () => {
  expect(distinctNames([["x", "x-1"], ["x", "x-2"], ["x-2"]])).toEqual(["x-1", "x-2", "x-2 (2)"]);
});

test("names differ, whatever the spellings are", () => {
  const spelling = fc.array(fc.constantFrom("a", "b", "a (2)", "b/a"), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(spelling, { maxLength: 6 }), (spellings) => {
      const names = distinctNames(spellings as [string, ...string[]][]);
      expect(new Set(names).size).toBe(spellings.length);
    }),
  );
});
