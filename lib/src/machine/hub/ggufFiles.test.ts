import { expect, test } from "vitest";
import { chooseGguf } from "./ggufFiles";

const SPLIT = [1, 2, 3].map((number) => `Q8/big-0000${number}-of-00003.gguf`);

test("the only one is taken, whatever else there is", () => {
  expect(chooseGguf("o/n", ["README.md", "mmproj-f16.gguf", "model.Q4_1.GGUF"])).toEqual(["model.Q4_1.GGUF"]);
  expect(chooseGguf("o/n", [...SPLIT].reverse())).toEqual(SPLIT);
});

test("of several, the one that is named; of a split one, all parts, whichever is named", () => {
  const paths = ["a.gguf", "b.gguf", ...SPLIT, "Q8/big-00001-of-00002.gguf"];
  expect(chooseGguf("o/n", paths, "b.gguf")).toEqual(["b.gguf"]);
  expect(chooseGguf("o/n", paths, SPLIT[0])).toEqual(SPLIT);
  expect(chooseGguf("o/n", paths, SPLIT[2])).toEqual(SPLIT);
});

test("of several, none is guessed: one line lists them", () => {
  expect(() => chooseGguf("o/n", ["b.gguf", "a.gguf", ...SPLIT])).toThrow(
    "o/n: has 3 GGUF files: name one of them, as in o/n/Q8/big-00001-of-00003.gguf; there are " +
      "Q8/big-00001-of-00003.gguf (split), a.gguf, b.gguf",
  );
});

test("what is not there is named", () => {
  expect(() => chooseGguf("o/n", ["a.gguf"], "c.gguf", " in the cache")).toThrow(
    "o/n: has no file c.gguf in the cache, but a.gguf",
  );
  expect(() => chooseGguf("o/n", ["README.md"], "c.gguf")).toThrow(/^o\/n: has no file c\.gguf$/);
  expect(() => chooseGguf("o/n", [SPLIT[0], SPLIT[2]], SPLIT[0])).toThrow(
    "o/n: lacks Q8/big-00002-of-00003.gguf, one of 3 parts",
  );
  expect(() => chooseGguf("o/n", ["x-00001-of-99999.gguf"])).toThrow("lacks x-00002-of-99999.gguf");
  expect(() => chooseGguf("o/n", ["mmproj-a.gguf", "mmproj-b.gguf"])).toThrow(/has 2 GGUF files/);
});
