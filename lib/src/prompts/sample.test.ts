import { describe, expect, it } from "vitest";
import { randomPromptNames, randomSample } from "./sample";

describe("randomSample", () => {
  const values = [..."abcdefgh"];

  it("draws so many different values, in their order, the same for a seed", () => {
    const drawn = randomSample(values, 3, "0");
    expect(drawn).toHaveLength(3);
    expect(drawn).toEqual([...new Set(drawn)].sort());
    expect(randomSample(values, 3, "0")).toEqual(drawn);
    expect(randomSample(values, 8, "1")).toEqual(values);
  });

  it("draws every value equally often", () => {
    const counts = new Map(values.map((value) => [value, 0]));
    for (let seed = 0; seed < 4000; seed++) {
      for (const value of randomSample(values, 2, String(seed))) counts.set(value, counts.get(value)! + 1);
    }
    // Binomial: mean 1000, sd 27.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it("refuses to draw more than there are", () => {
    expect(() => randomSample(values, 9, "0")).toThrow("cannot draw 9 of 8");
    expect(() => randomSample(values, 0, "0")).toThrow("cannot draw 0 of 8");
  });

  it("draws prompts by name, from the first ones if asked", async () => {
    const names = await randomPromptNames("embedded", 6, "0");
    expect(new Set(names).size).toBe(6);
    const [first] = await randomPromptNames("embedded", 1, "0", 1);
    expect(first).toBe("api-reference-parcel-lockers");
  });
});
