import { loadNetwork, type Network, openNetwork, weightBytes } from "../../model/network";
import type { BackendChoice } from "../backend/backend";
import { UserError } from "../support/errors";
import { memoryBudget } from "../support/memory";
import type { ProgressReporter } from "../support/progress";
import type { Findings } from "./findings";
import { UnitClaims } from "./lock";
import { versions } from "./manifest";
import { measureMetrics, measurePrompts } from "./measurePrompt";
import { type FullSettings, type ModelPlan, type PlannedUnit, unmeasuredTokens } from "./plan";
import { affordableWorkers, type PoolTask, WorkerPool } from "./pool";
import { Origins } from "./provenance";
import { UnitQueue } from "./queue";
import { asStored, type Store } from "./store";
import { type UnitResult, unitKey } from "./unit";

/** Of the memory budget, the part that weights may fill; waiting hidden states get a quarter, the rest is for the work. */
export const WEIGHTS_SHARE = 0.5;
export const HIDDEN_STATES_SHARE = 0.25;

/** How many prompts go through a model side by side if its blocks have to be read from disk each time. */
const BATCH_OF_STREAMED_MODEL = 64;

/** Without a wish, workers are started when the rest would take this process longer than so many seconds. */
const WORTH_STARTING = 8;

/** How often units are measured again because the checkpoint's files were written while they were. */
const MOST_TRIES = 3;

/** An experiment under way: finds units in the store or has them computed, here or by worker processes. */
export class ExperimentRun {
  readonly found = new Map<PlannedUnit, UnitResult>();
  computed = 0;
  /** Names of the units that were computed. */
  readonly computedUnits = new Set<string>();
  reused = 0;
  /** How many units of other shards were computed; their results are not kept in memory. */
  helped = 0;
  seconds = 0;
  /** By what the units were computed, now or by those who filled the store. */
  readonly origins = new Origins();
  readonly total: number;
  /** Units that the store has by now. */
  private readonly settled = new Set<PlannedUnit>();
  private claims?: UnitClaims;
  private pool?: WorkerPool;
  /** Set when something went wrong: nobody starts anything new. */
  private stopped = false;
  /** Whether what is computed now is another's. */
  private helping = false;

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
  }

  private get backend(): BackendChoice {
    if (!this.chosen) throw new Error("an experiment without a backend computes nothing");
    return this.chosen;
  }

  /** Finds or computes all units of a model. */
  async measure(plan: ModelPlan): Promise<void> {
    await this.compute(
      plan,
      plan.units.filter((unit) => !this.isStored(unit)),
    );
  }

  /** Computes the units of a model that are another's to compute, as far as nobody does: the last ones first. */
  async help(plan: ModelPlan): Promise<void> {
    this.helping = true;
    await this.compute(plan, plan.units.filter((unit) => !this.isStored(unit)).reverse());
    this.helping = false;
  }

  private async compute(plan: ModelPlan, missing: readonly PlannedUnit[]): Promise<void> {
    const { checkpoint } = plan;
    if (missing.length === 0) return;
    const limit = WEIGHTS_SHARE * memoryBudget(this.backend.name);
    const weights = weightBytes(openNetwork(checkpoint).architecture);
    // A model that is not resident is read from disk by one process, for many prompts at a time.
    const workers =
      weights <= limit ? affordableWorkers(this.wished, missing.length, weights, WEIGHTS_SHARE, this.backend) : 1;
    const measured = missing.filter(({ inputs }) => this.store.find(inputs));
    const unmeasured = missing.filter((unit) => !measured.includes(unit));
    for (const units of [unmeasured, measured]) {
      const work: Work = { plan, units, queue: this.queueOf(plan, units), geometry: units === unmeasured, limit };
      const alone = workers === 1 || (this.wished === undefined && !this.pool);
      const finished = alone && (await this.measureHere(work, workers > 1));
      if (!finished) await this.measureInPool(work, workers);
    }
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

  private queueOf({ checkpoint }: ModelPlan, units: readonly PlannedUnit[]): UnitQueue {
    this.claims ??= new UnitClaims(this.store.folder);
    const onWait = (waiting: number): void => {
      const note = `${checkpoint.name}, ${waiting} being computed by others`;
      this.progress.update(this.found.size, this.total, note);
    };
    return new UnitQueue(units, this.claims, (unit) => this.stopped || this.isStored(unit), onWait);
  }

  /** The next unit: of one's own work all, waiting for others if need be; of another's only what nobody is computing. */
  private async next(queue: UnitQueue): Promise<PlannedUnit[]> {
    return this.helping ? queue.more(1) : queue.next(1);
  }

  /**
   * Measures in this process, until nothing is left or it shows that workers are worth starting for the rest.
   * @returns whether nothing is left
   */
  private async measureHere(work: Work, stoppable: boolean): Promise<boolean> {
    const { plan, queue, geometry, limit, units } = work;
    const measure = geometry ? measurePrompts : measureMetrics;
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
          await this.keepAll(plan, batch, async () => {
            // A resident model may have been read while the files were others.
            if (readAs !== plan.guard.rewritten) {
              network!.dispose();
              network = await loadNetwork(plan.checkpoint, { memory: limit });
              readAs = plan.guard.rewritten;
            }
            return measure(network!, ids, this.measureOptions());
          });
        } finally {
          queue.release(batch);
        }
        const seconds = (performance.now() - begun) / 1000;
        this.seconds += seconds;
        // Lets an interrupt through: it is not seen inside a synchronous stretch.
        await new Promise((resolve) => setImmediate(resolve));
        const left = units.filter((unit) => !this.settled.has(unit)).length;
        if (stoppable && seconds * left > WORTH_STARTING) return false;
      }
      return true;
    } finally {
      network?.dispose();
    }
  }

  /** Has everything that is left measured by worker processes. After an error they are ended. */
  private async measureInPool({ plan, queue, geometry, limit }: Work, workers: number): Promise<void> {
    const begun = performance.now();
    const lane = async (): Promise<void> => {
      for (let batch = await this.next(queue); batch.length > 0; batch = await this.next(queue)) {
        try {
          this.report(plan, batch);
          await this.keepAll(plan, batch, () =>
            this.poolOf(workers).measure({
              path: plan.checkpoint.path,
              backend: this.backend.name,
              weightMemory: limit,
              rewritten: plan.guard.rewritten,
              ids: batch.map((unit) => unit.ids),
              geometry,
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
    const { captured, metrics } = this.settings;
    const leaveOut = unmeasuredTokens(this.settings);
    return { captured, metrics, leaveOut, memory: HIDDEN_STATES_SHARE * memoryBudget(this.backend.name) };
  }

  private report({ checkpoint }: ModelPlan, batch: readonly PlannedUnit[]): void {
    const [{ prompt, shuffleIndex }] = batch;
    const more = batch.length > 1 ? ` and ${batch.length - 1} more` : "";
    const whose = this.helping ? "for another shard: " : "";
    const note = `${whose}${checkpoint.name}, ${prompt}, S = ${shuffleIndex}${more}`;
    this.progress.update(this.found.size, this.total, note);
  }

  /** Whether the store has a unit, which is then remembered. */
  private isStored(unit: PlannedUnit): boolean {
    const result = this.find(unit);
    if (!result) return false;
    this.settled.add(unit);
    if (this.helping) return true;
    this.found.set(unit, result);
    this.reused++;
    return true;
  }

  /** Measures and keeps units; again, if the checkpoint's files were written in the meantime. */
  private async keepAll(
    { checkpoint, guard, hashes }: ModelPlan,
    batch: readonly PlannedUnit[],
    measure: () => Promise<readonly Partial<UnitResult>[]>,
  ): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES && !this.stopped; tries++) {
      const state = guard.rewritten;
      const results = await measure();
      if (this.stopped) return;
      guard.check(hashes);
      if (guard.rewritten !== state) continue;
      batch.forEach((unit, i) => void this.keep(checkpoint.name, unit, results[i]));
      return;
    }
    if (!this.stopped) throw new UserError(`${checkpoint.path}: is being written all the time; run again later`);
  }

  /** The result of a unit with its further metrics, if the store has all of it. */
  private find({ inputs, further }: PlannedUnit): UnitResult | undefined {
    const found = [inputs, ...further.map((part) => part.inputs)].map((own) => this.store.find(own));
    const parts = found.filter((part) => part !== undefined);
    if (parts.length < found.length) return undefined;
    for (const { provenance } of this.helping ? [] : parts) this.origins.note(provenance);
    return Object.assign({}, ...parts.map(({ result }) => result));
  }

  private keep(model: string, unit: PlannedUnit, measured: Partial<UnitResult>): void {
    // As it will be found by the next run: what JSON cannot hold must not differ between the two.
    const result = asStored(measured);
    this.computedUnits.add(unitKey(unit.inputs));
    const { prompt, shuffleIndex, inputs } = unit;
    const provenance = { model, prompt, shuffleIndex, seed: this.settings.seed, ...versions(this.backend) };
    const { logitsIntrinsicDimension, lastToken, ...geometry } = result;
    if (geometry.layers) this.store.save<Partial<UnitResult>>({ inputs, result: geometry, provenance });
    for (const { name, inputs: own } of unit.further) {
      this.store.save<Partial<UnitResult>>({ inputs: own, result: { [name]: result[name] }, provenance });
    }
    const stored = this.store.find(inputs);
    if (!stored)
      throw new UserError(`${this.store.folder}: unit ${unitKey(inputs)} was removed during the run; run again`);
    this.settled.add(unit);
    if (this.helping) this.helped++;
    else {
      for (const origin of [stored.provenance, provenance]) this.origins.note(origin);
      this.found.set(unit, { ...stored.result, ...result });
      this.computed++;
    }
  }
}

/** Units of a model, with the geometry of their layers or only what is asked for besides. */
interface Work {
  plan: ModelPlan;
  units: readonly PlannedUnit[];
  queue: UnitQueue;
  geometry: boolean;
  /** Bytes that weights may take up. */
  limit: number;
}
