import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { sideBySide } from "./sideBySide";

describe("work side by side", () => {
  test("is taken in order, whoever is done first, and as many are under way as asked for", async () => {
    const taken: string[] = [];
    let underWay = 0;
    let most = 0;
    const work = async (milliseconds: number): Promise<string> => {
      most = Math.max(most, ++underWay);
      await sleep(milliseconds);
      underWay--;
      return `after ${milliseconds}`;
    };
    await sideBySide([60, 5, 30, 1], 2, work, (thing, result) => void taken.push(`${thing}: ${result}`));
    expect(taken).toEqual(["60: after 60", "5: after 5", "30: after 30", "1: after 1"]);
    expect(most).toBe(2);
  });

  test("ends with the first error: others are told and waited for, nothing more is begun", async () => {
    const log: string[] = [];
    const work = async (thing: string, signal: AbortSignal): Promise<string> => {
      log.push(`begin ${thing}`);
      if (thing === "b") throw new Error("b broke");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => setTimeout(resolve, 20)));
      log.push(`end ${thing}`);
      throw new Error(`${thing} was stopped`);
    };
    const done = sideBySide(["a", "b", "c"], 2, work, (thing) => void log.push(`take ${thing}`));
    await expect(done).rejects.toThrow("b broke");
    expect(log).toEqual(["begin a", "begin b", "end a"]);
  });

  test("takes what was complete before the error", async () => {
    const taken: number[] = [];
    const work = async (thing: number): Promise<number> => {
      if (thing === 3) throw new Error("no third");
      return thing;
    };
    await expect(sideBySide([1, 2, 3, 4], 1, work, (_, result) => void taken.push(result))).rejects.toThrow("no third");
    expect(taken).toEqual([1, 2]);
    await expect(sideBySide([], 2, work, () => {})).resolves.toBeUndefined();
  });
});
