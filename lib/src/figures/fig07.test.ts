import { expect, it } from "vitest";
import { published } from "../results/published";
import { figure7 } from "./fig07";

it("Figure 7 of the published values shows every prompt", () => {
  const [losses, entropies, dimensions] = (["loss", "meanEntropy", "logitsIntrinsicDimension"] as const).map(
    (quantity) =>
      published(quantity, quantity === "logitsIntrinsicDimension" ? 2 : undefined, { models: ["Llama-3-8B"] }),
  );
  const { data, layout } = figure7.draw([...losses, ...entropies, ...dimensions]);
  const clouds = data.filter(({ mode }) => mode === "markers");
  expect(clouds.map(({ x }) => x)).toEqual([entropies, losses].map((rows) => rows.map(({ value }) => value)));
  expect(clouds[1].y).toEqual(entropies.map(({ value }) => value));
  const texts = (layout.annotations as { text: string }[]).map(({ text }) => text);
  expect(texts).toContainEqual(expect.stringMatching(/^ρ = 0\.427, p = .*, n = 2244$/));
  expect(texts).toContainEqual(expect.stringMatching(/^ρ = 0\.995, /));
});
