import { loadNetwork, type Network, openNetwork, weightBytes } from "../../model/network";
import type { BackendChoice } from "../backend/backend";
import { UserError } from "../support/errors";
import { memoryBudget } from "../support/memory";
import type { ProgressReporter } from "../support/progress";
import type { Entry } from "./entries";
import type { Findings } from "./findings";
import { KeptResults } from "./keptResults";
import { UnitClaims } from "./lock";
import { versions } from "./manifest";
import { measurePrompts } from "./measurePrompt";
import { type FullSettings, type ModelPlan, type PlannedUnit, unmeasuredTokens } from "./plan";
import { affordableWorkers, type PoolTask, WorkerPool } from "./pool";
import { UnitQueue } from "./queue";
import type { Store } from "./store";
import type { UnitResult } from "./unit";

/** Of the memory budget, the part that weights may fill; waiting hidden states get a quarter, the rest is for the work. */
const WEIGHTS_SHARE = 0.5;
const HIDDEN_STATES_SHARE = 0.25;

/** How many prompts go through a model side by side if its blocks have to be read from disk each time. */
const BATCH_OF_STREAMED_MODEL = 64;

/** Without a wish, workers are started when the rest would take this process longer than so many seconds. */
const WORTH_STARTING = 8;

/** How often units are measured again because the checkpoint's files were written while they were. */
const MOST_TRIES = 3;

/** An experiment under way: finds units in the store or has them computed, here or by worker processes. */
export class ExperimentRun {
  readonly kept: KeptResults;
  seconds = 0;
  readonly total: number;
  private claims?: UnitClaims;
  private pool?: WorkerPool;
  /** Set when something went wrong: nobody starts anything new. */
  private stopped = false;

  constructor(
    private readonly settings: FullSettings,
    /** Undefined if there is nothing to compute. */
    private readonly chosen: BackendChoice | undefined,
    private readonly store: Store,
    private readonly progress: ProgressReporter,
    plans: readonly ModelPlan[],
    /** Number of workers that was asked for, if one was. */
    private readonly wished: number | undefined,
  ) {
    this.total = plans.reduce((sum, { units }) => sum + units.length, 0);
    this.kept = new KeptResults(store);
  }

  private get backend(): BackendChoice {
    if (!this.chosen) throw new Error("an experiment without a backend computes nothing");
    return this.chosen;
  }

  /** Finds or computes all units of a model. */
  async measure(plan: ModelPlan): Promise<void> {
    await this.compute(
      plan,
      plan.units.filter((unit) => !this.kept.has(unit)),
    );
  }

  /** Computes the units of a model that are another's to compute, as far as nobody does: the last ones first. */
  async help(plan: ModelPlan): Promise<void> {
    this.kept.helping = true;
    await this.compute(plan, plan.units.filter((unit) => !this.kept.has(unit)).reverse());
    this.kept.helping = false;
  }

  private async compute(plan: ModelPlan, missing: readonly PlannedUnit[]): Promise<void> {
    const { checkpoint } = plan;
    if (missing.length === 0) return;
    const limit = WEIGHTS_SHARE * memoryBudget(this.backend.name);
    const weights = weightBytes(openNetwork(checkpoint).architecture);
    // A model that is not resident is read from disk by one process, for many prompts at a time.
    const workers =
      weights <= limit ? affordableWorkers(this.wished, missing.length, weights, WEIGHTS_SHARE, this.backend) : 1;
    const work = (entriesOf: Work["entriesOf"]): Work => {
      return { plan, queue: this.queueOf(plan, missing, entriesOf), entriesOf, limit };
    };
    const owns = this.settings.ownMetrics !== undefined;
    if (workers > 1) {
      // Functions cannot be sent to other processes: these do the rest before.
      const shared = work(owns ? ({ entries }) => entries.filter(isOfLibrary) : ({ entries }) => entries);
      const alone = this.wished === undefined && !this.pool;
      const finished = alone && (await this.measureHere(shared, true));
      if (!finished) await this.measureInPool(shared, workers);
    }
    if (workers === 1 || owns)
      await this.measureHere(
        work(({ entries }) => entries),
        false,
      );
  }

  /** Ends the worker processes and lets go of what this run has claimed. */
  async close(): Promise<void> {
    this.stopped = true;
    await this.pool?.close();
    this.claims?.close();
  }

  /** What was in the store that should not have been; `before` is what was found before the run began. */
  findings(before: Omit<Findings, "damaged" | "unsealed">): Findings {
    const unsealed = this.store.unsealed.size;
    const abandoned = before.abandoned + (this.claims?.abandoned.size ?? 0);
    return { ...before, damaged: this.store.damaged.size - unsealed, unsealed, abandoned };
  }

  private queueOf({ checkpoint }: ModelPlan, units: readonly PlannedUnit[], entriesOf: Work["entriesOf"]): UnitQueue {
    this.claims ??= new UnitClaims(this.store.folder);
    const onWait = (waiting: number): void => {
      const note = `${checkpoint.name}, ${waiting} being computed by others`;
      this.progress.update(this.kept.found.size, this.total, note);
    };
    const isDone = (unit: PlannedUnit) => this.stopped || this.kept.has(unit, entriesOf(unit));
    return new UnitQueue(units, this.claims, isDone, onWait);
  }

  /** The next unit: of one's own work all, waiting for others if need be; of another's only what nobody is computing. */
  private async next(queue: UnitQueue): Promise<PlannedUnit[]> {
    return this.kept.helping ? queue.more(1) : queue.next(1);
  }

  /**
   * Measures in this process, until nothing is left or it shows that workers are worth starting for the rest.
   * @returns whether nothing is left
   */
  private async measureHere(work: Work, stoppable: boolean): Promise<boolean> {
    const { plan, queue, limit } = work;
    let network: Network | undefined;
    let readAs = plan.guard.rewritten;
    try {
      // The model is loaded only now, since others may be about to compute all of it.
      for (let batch = await this.next(queue); batch.length > 0; batch = await this.next(queue)) {
        const begun = performance.now();
        try {
          network ??= await loadNetwork(plan.checkpoint, { memory: limit });
          if (!network.resident) batch.push(...queue.more(BATCH_OF_STREAMED_MODEL - 1));
          this.report(plan, batch);
          const ids = batch.map((unit) => unit.ids);
          await this.keepAll(work, batch, async (entries) => {
            // A resident model may have been read while the files were others.
            if (readAs !== plan.guard.rewritten) {
              network!.dispose();
              network = await loadNetwork(plan.checkpoint, { memory: limit });
              readAs = plan.guard.rewritten;
            }
            const metrics = entries.map((ofUnit) => ofUnit.map(({ metric }) => metric));
            return measurePrompts(network!, ids, { ...this.measureOptions(), metrics });
          });
        } finally {
          queue.release(batch);
        }
        const seconds = (performance.now() - begun) / 1000;
        this.seconds += seconds;
        // Lets an interrupt through: it is not seen inside a synchronous stretch.
        await new Promise((resolve) => setImmediate(resolve));
        if (stoppable && seconds * queue.left > WORTH_STARTING) return false;
      }
      return true;
    } finally {
      network?.dispose();
    }
  }

  /** Has everything that is left measured by worker processes. After an error they are ended. */
  private async measureInPool(work: Work, workers: number): Promise<void> {
    const { plan, queue, limit } = work;
    const begun = performance.now();
    const lane = async (): Promise<void> => {
      for (let batch = await this.next(queue); batch.length > 0; batch = await this.next(queue)) {
        try {
          this.report(plan, batch);
          await this.keepAll(work, batch, (entries) =>
            this.poolOf(workers).measure({
              path: plan.checkpoint.path,
              backend: this.backend.name,
              weightMemory: limit,
              rewritten: plan.guard.rewritten,
              ids: batch.map((unit) => unit.ids),
              metrics: entries.map((ofUnit) => ofUnit.map(({ name }) => name)),
              options: this.measureOptions(),
            }),
          );
        } finally {
          queue.release(batch);
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: workers }, lane));
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      this.seconds += (performance.now() - begun) / 1000;
    }
  }

  /** Processes are kept from model to model; another number of them are others. */
  private poolOf(workers: number): WorkerPool {
    if (this.pool?.workers !== workers) {
      void this.pool?.close();
      this.pool = new WorkerPool(workers);
    }
    return this.pool;
  }

  private measureOptions(): PoolTask["options"] {
    const { captured } = this.settings;
    const leaveOut = unmeasuredTokens(this.settings);
    return { captured, leaveOut, memory: HIDDEN_STATES_SHARE * memoryBudget(this.backend.name) };
  }

  private report({ checkpoint }: ModelPlan, batch: readonly PlannedUnit[]): void {
    const [{ prompt, shuffleIndex }] = batch;
    const more = batch.length > 1 ? ` and ${batch.length - 1} more` : "";
    const whose = this.kept.helping ? "for another shard: " : "";
    const note = `${whose}${checkpoint.name}, ${prompt}, S = ${shuffleIndex}${more}`;
    this.progress.update(this.kept.found.size, this.total, note);
  }

  /** Measures and keeps what is missing of units; again, if the checkpoint's files were written in the meantime. */
  private async keepAll(
    { plan: { checkpoint, guard, hashes }, entriesOf }: Work,
    batch: readonly PlannedUnit[],
    measure: (entries: Entry[][]) => Promise<readonly UnitResult[]>,
  ): Promise<void> {
    const missing = batch.map((unit) => this.kept.missing(unit, entriesOf(unit)));
    for (let tries = 0; tries < MOST_TRIES && !this.stopped; tries++) {
      const state = guard.rewritten;
      const results = await measure(missing);
      if (this.stopped) return;
      guard.check(hashes);
      if (guard.rewritten !== state) continue;
      batch.forEach((unit, i) => {
        const { prompt, shuffleIndex } = unit;
        const place = { model: checkpoint.name, prompt, shuffleIndex, seed: this.settings.seed };
        this.kept.keep(unit, missing[i], results[i], { ...place, ...versions(this.backend) });
      });
      return;
    }
    if (!this.stopped) throw new UserError(`${checkpoint.path}: is being written all the time; run again later`);
  }
}

/** Units of a model that are to be measured. */
interface Work {
  plan: ModelPlan;
  queue: UnitQueue;
  /** What of each unit. */
  entriesOf: (unit: PlannedUnit) => readonly Entry[];
  /** Bytes that weights may take up. */
  limit: number;
}

const isOfLibrary = ({ metric }: Entry): boolean => typeof metric === "string";
