import { describe, expect, test, vi } from "vitest";
import { LONGEST_WAIT, requestedDelay, withRetries } from "./retry";

describe("what a server asks to wait", () => {
  const NOW = Date.parse("2026-03-01T12:00:00Z");
  test.each<[string, Record<string, string>, number | undefined]>([
    ["seconds", { "retry-after": "25" }, 25_000],
    ["none", { "retry-after": "0" }, 0],
    ["parts of a second", { "retry-after": "1.5" }, 1500],
    ["a date", { "retry-after": "Sun, 01 Mar 2026 12:00:30 GMT" }, 30_000],
    [
      "a date by the server's clock",
      { "retry-after": "Sun, 01 Mar 2026 15:00:30 GMT", date: "Sun, 01 Mar 2026 15:00:10 GMT" },
      20_000,
    ],
    ["a date that has passed", { "retry-after": "Sun, 01 Mar 2026 11:00:00 GMT" }, 0],
    ["the older way to write one", { "retry-after": "Sunday, 01-Mar-26 12:01:00 GMT" }, 60_000],
    ["a limit of which nothing is left", { ratelimit: '"api";r=0;t=55' }, 55_000],
    ["a limit of which something is left", { ratelimit: '"api";r=3;t=55' }, undefined],
    ["seconds before the limit", { "retry-after": "3", ratelimit: '"api";r=0;t=55' }, 3000],
    ["nothing", {}, undefined],
    ["nonsense", { "retry-after": "soon" }, undefined],
    ["less than nothing", { "retry-after": "-5" }, undefined],
    ["an empty word", { "retry-after": "" }, undefined],
  ])("%s", (_title, headers, delay) => expect(requestedDelay(new Headers(headers), NOW)).toBe(delay));
});

describe("tries", () => {
  const failing = (times: number) => {
    const work = vi.fn(async () => {
      if (work.mock.calls.length <= times) throw new Error(`failure ${work.mock.calls.length}`);
      return "done";
    });
    return work;
  };

  test("until it succeeds, each wait twice as long", async () => {
    const waits: number[] = [];
    const work = failing(3);
    expect(await withRetries(work, () => ({}), { pause: 2, onWait: (wait) => void waits.push(wait) })).toBe("done");
    expect(work).toHaveBeenCalledTimes(4);
    expect(waits).toEqual([2, 4, 8]);
  });

  test("five in all", async () => {
    const work = failing(9);
    await expect(withRetries(work, () => ({}), { pause: 1 })).rejects.toThrow("failure 5");
    expect(work).toHaveBeenCalledTimes(5);
  });

  test("one, of a failure that stays", async () => {
    const work = failing(9);
    await expect(withRetries(work, () => undefined)).rejects.toThrow("failure 1");
  });

  test("as late as the server asks, but not later than a person would wait", async () => {
    const waits: number[] = [];
    const onWait = (wait: number) => void waits.push(wait);
    await withRetries(failing(1), () => ({ delay: 30 }), { pause: 1, onWait });
    expect(waits).toEqual([30]);
    await expect(withRetries(failing(1), () => ({ delay: LONGEST_WAIT + 1 }), { onWait })).rejects.toThrow("failure 1");
    expect(waits).toHaveLength(1);
  });
});
