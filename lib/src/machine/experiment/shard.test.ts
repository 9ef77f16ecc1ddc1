import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { assignedShard, notedShards, noteShards, parseShard, unitsOfShard } from "./shard";

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
    assignedShard({
      SLURM_ARRAY_TASK_ID: `${ID}`,
      SLURM_ARRAY_TASK_MIN: `${MIN}`,
      SLURM_ARRAY_TASK_COUNT: `${COUNT}`,
      ...(STEP && { SLURM_ARRAY_TASK_STEP: `${STEP}` }),
    });

  test("are the shards in their order", () => {
    expect([0, 1, 2, 3].map((id) => task(id, 0, 4))).toMatchObject([0, 1, 2, 3].map((index) => ({ index, count: 4 })));
    expect(task(12, 10, 4)).toEqual({ index: 2, count: 4, by: "task 12 of a Slurm array of 4" });
    expect(task(20, 0, 3, 10)).toMatchObject({ index: 2, count: 3 });
    expect(assignedShard({})).toBeUndefined();
    expect(assignedShard({ SLURM_JOB_ID: "7" })).toBeUndefined();
  });

  test("are refused where their places cannot be told", () => {
    expect(() => task(9, 1, 3)).toThrow(/number them without gaps, or say --shard/);
    expect(() => task(5, 0, 3, 10)).toThrow(/without gaps/);
    expect(() => task(0, 0, Number.NaN)).toThrow(/without gaps/);
  });
});

describe("the pods of a Kubernetes Indexed Job", () => {
  const pod = (JOB_COMPLETION_INDEX: string, TOKEN_GEOMETRY_SHARDS?: string) =>
    assignedShard({ JOB_COMPLETION_INDEX, TOKEN_GEOMETRY_SHARDS });

  test("are the shards in their order", () => {
    expect(pod("0", "8")).toMatchObject({ index: 0, count: 8 });
    expect(pod("7", "8")).toEqual({ index: 7, count: 8, by: "pod 7 of a Kubernetes Job of 8" });
  });

  test.each([[undefined], [""], ["7"], ["many"], ["7.5"]])("are refused where there are %j of them", (count) => {
    expect(() => pod("7", count)).toThrow(/^JOB_COMPLETION_INDEX is 7, and TOKEN_GEOMETRY_SHARDS is .*completions/);
  });
});

test("the number of shards is noted beside the manifest; the last one counts", () => {
  const store = temporaryFolder();
  expect(notedShards(store, "ab")).toBeUndefined();
  noteShards(store, "ab", { index: 0, count: 4 });
  noteShards(store, "ab", { index: 1, count: 8 });
  expect([notedShards(store, "ab"), notedShards(store, "cd")]).toEqual([8, undefined]);
  writeFileSync(join(store, "experiments", "ab.shards"), "many");
  expect(notedShards(store, "ab")).toBeUndefined();
});
