import { describe, expect, test } from "vitest";
import { parseShard, slurmShard, unitsOfShard } from "./shard";

const units = Array.from({ length: 23 }, (_, index) => index);

describe("shards", () => {
  test.each([1, 2, 4, 7, 30])("%i shards hold every unit once, whether they are counted from 0 or from 1", (count) => {
    for (const first of [0, 1]) {
      const all = Array.from({ length: count }, (_, place) =>
        unitsOfShard(units, parseShard(`${first + place}/${count}`)),
      );
      expect(all.flat().sort((a, b) => a - b)).toEqual(units);
      const sizes = all.map((shard) => shard.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  test("without a shard it is everything", () => expect(unitsOfShard(units, undefined)).toEqual(units));

  test.each(["", "1", "5/4", "-1/4", "1/0", "a/b", "1.5/4", "1/4/2", "1/99999999999"])("refuses %j", (text) => {
    expect(() => parseShard(text)).toThrow(/shard ".*": must be i\/n/);
  });
});

describe("a Slurm array's tasks", () => {
  const task = (ID: number, MIN: number, COUNT: number, STEP?: number) =>
    slurmShard({
      SLURM_ARRAY_TASK_ID: `${ID}`,
      SLURM_ARRAY_TASK_MIN: `${MIN}`,
      SLURM_ARRAY_TASK_COUNT: `${COUNT}`,
      ...(STEP && { SLURM_ARRAY_TASK_STEP: `${STEP}` }),
    });

  test("are the shards in their order", () => {
    expect([0, 1, 2, 3].map((id) => task(id, 0, 4))).toEqual([0, 1, 2, 3].map((index) => ({ index, count: 4 })));
    expect(task(12, 10, 4)).toEqual({ index: 2, count: 4 });
    expect(task(20, 0, 3, 10)).toEqual({ index: 2, count: 3 });
    expect(slurmShard({})).toBeUndefined();
    expect(slurmShard({ SLURM_JOB_ID: "7" })).toBeUndefined();
  });

  test("are refused where their places cannot be told", () => {
    expect(() => task(9, 1, 3)).toThrow(/number them without gaps, or say --shard/);
    expect(() => task(5, 0, 3, 10)).toThrow(/without gaps/);
  });
});
