import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { UnitClaims } from "./lock";
import type { PlannedUnit } from "./plan";
import { UnitQueue } from "./queue";
import type { UnitInputs } from "./unit";

/** Units that differ in their tokens only. */
const unitOf = (ids: string): PlannedUnit => ({
  prompt: ids,
  shuffleIndex: 0,
  ids: [],
  inputs: { ids } as UnitInputs,
  further: [],
  entries: [],
});

function queueOf(units: PlannedUnit[], stored = new Set<PlannedUnit>()): UnitQueue {
  const claims = new UnitClaims(temporaryFolder());
  onTestFinished(claims.close);
  return new UnitQueue(units, claims, (unit) => stored.has(unit));
}

test("units come in their order, those that are stored not at all", async () => {
  const units = ["a", "b", "c", "d"].map(unitOf);
  const queue = queueOf(units, new Set([units[1]]));
  expect(await queue.next(1)).toEqual([units[0]]);
  expect(await queue.next(5)).toEqual([units[2], units[3]]);
  expect(await queue.next(1)).toEqual([]);
});

test("two units that are the same are computed once: the second is there when the first is", async () => {
  const [first, second, other] = ["a", "a", "b"].map(unitOf);
  const stored = new Set<PlannedUnit>();
  const queue = queueOf([first, second, other], stored);
  expect(queue.more(3)).toEqual([first, other]);
  expect(queue.more(3)).toEqual([]);
  stored.add(first).add(second);
  queue.release([first]);
  expect(await queue.next(1)).toEqual([]);
});

test("and by the other, if the first fails", async () => {
  const [first, second] = ["a", "a"].map(unitOf);
  const queue = queueOf([first, second]);
  expect(queue.more(2)).toEqual([first]);
  const waiting = queue.next(1);
  queue.release([first]);
  expect(await waiting).toEqual([second]);
});
