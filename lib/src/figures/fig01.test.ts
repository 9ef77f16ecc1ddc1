import { describe, expect, it } from "vitest";
import { expectFigureSnapshot } from "../../../tests/support/figureSnapshot";
import { shuffleExamples } from "../prompts/shuffleExample";
import { figure1 } from "./fig01";

describe("Figure 1", () => {
  const pieces = [..."abcdefghijklmnop"];
  const examples = shuffleExamples(16, [0, 1, 2], "1");

  it("is the specification that is kept", async () => {
    await expectFigureSnapshot(figure1.draw(pieces, examples));
    await expectFigureSnapshot(figure1.drawInteractive(pieces, examples));
  });

  it("puts every token where its order says, blocks together", () => {
    figure1.draw(pieces, examples).data.forEach(({ x }, row) => {
      const { order, blockLength } = examples[row];
      const places = order.map((token) => (x as number[])[token]);
      places.slice(1).forEach((place, i) => {
        expect(place - places[i]).toBeCloseTo((i + 1) % blockLength === 0 ? 1.25 : 1, 10);
      });
    });
  });

  it("counts the pairs that stay together", () => {
    expect(examples[0]).toMatchObject({ blocks: 1, blockLength: 16, pairsKept: 15 });
    expect(examples[1].pairsKept).toBeGreaterThanOrEqual(12);
    expect(examples[2].order.toSorted((a, b) => a - b)).toEqual(examples[0].order);
  });

  it("slides to the orders without a kernel", () => {
    const [slider] = figure1.drawInteractive(pieces, examples).layout.sliders as { steps: { args: unknown[] }[] }[];
    const [frame] = slider.steps[2].args as [{ data: { x: number[] }[] }];
    expect(frame.data[0].x).toEqual(figure1.draw(pieces, examples).data[2].x);
  });
});
