import { setTimeout as sleep } from "node:timers/promises";
import type { UnitClaims } from "./lock";
import type { PlannedUnit } from "./plan";
import { unitKey } from "./unit";

/** Milliseconds between two looks at units that others compute. */
const PAUSE = 250;

/**
 * The units of an experiment that are still to be computed, shared with all processes that work on the same store. Several
 * workers of one process may take from it at once.
 */
export class UnitQueue {
  private readonly waiting: Set<PlannedUnit>;
  /** Names of the units that are being computed here: two orders of a prompt can turn out to be the same. */
  private readonly busy = new Set<string>();

  /**
   * @param units what is to be computed, in this order
   * @param isStored whether the store has a unit by now; where it does, the unit is dropped
   * @param onWait is told how many units others are computing, each time that there is nothing but those
   */
  constructor(
    units: readonly PlannedUnit[],
    private readonly claims: UnitClaims,
    private readonly isStored: (unit: PlannedUnit) => boolean,
    private readonly onWait: (waiting: number) => void = () => {},
  ) {
    this.waiting = new Set(units);
  }

  /**
   * The next units, at most `size`, which are then this process's to compute and to give back with {@link release}. Waits
   * while all that is left is being computed by others: if they end without a result, it is taken over.
   *
   * @returns none if everything is stored
   */
  async next(size: number): Promise<PlannedUnit[]> {
    for (;;) {
      const batch = this.more(size);
      if (batch.length > 0 || this.waiting.size === 0) return batch;
      this.onWait(this.waiting.size);
      await sleep(PAUSE);
    }
  }

  /** As {@link next}, but does not wait: what can be had at this moment, perhaps none. */
  more(size: number): PlannedUnit[] {
    const batch: PlannedUnit[] = [];
    for (const unit of this.waiting) {
      if (batch.length === size) break;
      const key = unitKey(unit.inputs);
      if (this.busy.has(key)) continue;
      if (this.isStored(unit)) {
        this.waiting.delete(unit);
      } else if (this.claims.take(key)) {
        this.waiting.delete(unit);
        // Stored between the look and the claim.
        if (this.isStored(unit)) {
          this.claims.release(key);
        } else {
          this.busy.add(key);
          batch.push(unit);
        }
      }
    }
    return batch;
  }

  /** How many units are left, whoever computes them: as of the last look. */
  get left(): number {
    return this.waiting.size;
  }

  /** Gives units back that were computed, or that could not be. */
  release(units: readonly PlannedUnit[]): void {
    for (const key of units.map(({ inputs }) => unitKey(inputs))) {
      this.busy.delete(key);
      this.claims.release(key);
    }
  }
}
