/**
 * Kills processes that work on a store, at seeded random instants, until there were enough. After every kill the store must
 * hold whole and right results only; whenever a run comes to its end, all of them, each computed once.
 */
import { type ChildProcess, fork } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomGenerator } from "../../lib/src/machine/support/random";
import { filesBelow } from "../support/cli";
import { childrenOf } from "../support/processes";
import { copyModelWithTokenizer } from "../support/tinyModel";

const RUNNER = join(__dirname, "runner.js");
const PROMPTS = 6;
const TOKENS = 16;

/** Of a run that nobody kills, on a busy machine, in milliseconds. */
const LONGEST_RUN = 120_000;

/** How a store is worked on until it is complete. */
const WAYS = ["alone", "together", "alone", "pool"] as const;
type Way = (typeof WAYS)[number];

export interface CampaignReport {
  kills: number;
  /** Of these, worker processes of a run. */
  workersKilled: number;
  /** Stores that were filled. */
  stores: number;
  units: number;
  /** Runs that came to their end, and what they said of the ones before. */
  ended: number;
  found: string[];
}

/** See runner.js. */
interface KillAt {
  name: string;
  number: number;
  after: boolean;
}

interface RunOutcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

interface Running {
  child: ChildProcess;
  /** Settles when the library is loaded, or the process ended before that. */
  ready: Promise<void>;
  outcome: Promise<RunOutcome>;
}

/** @throws Error that says what was lost, damaged, doubled or left behind, and by which seed */
export async function killManyTimes(folder: string, kills: number, seed: number): Promise<CampaignReport> {
  return new Campaign(folder, kills, seed).run();
}

class Campaign {
  private readonly settings: Record<string, unknown>;
  private readonly reference: Map<string, string>;
  private readonly random: () => number;
  private readonly report: CampaignReport = { kills: 0, workersKilled: 0, stores: 0, units: 0, ended: 0, found: [] };
  /** What holds results, by its name; the other files say which of these a unit has. */
  private readonly entries = new Set<string>();
  private results = "";
  /** Of an undisturbed run on the store's files, by kind. */
  private operations: Record<string, number> = {};
  private milliseconds = 0;
  private store = "";
  private log = "";

  constructor(
    private readonly folder: string,
    private readonly wanted: number,
    private readonly seed: number,
  ) {
    this.random = randomGenerator(`kill ${seed}`);
    this.reference = new Map();
    const prompts = join(folder, "prompts.jsonl");
    const texts = Array.from({ length: PROMPTS }, (_, i) => JSON.stringify(`${i} all the boats began to stir`));
    writeFileSync(prompts, `${texts.join("\n")}\n`);
    const model = copyModelWithTokenizer(join(folder, "tiny"));
    this.settings = { models: [model], prompts, tokens: TOKENS, shuffleIndices: [0, 1], metrics: ["lastToken"] };
  }

  async run(): Promise<CampaignReport> {
    await this.runUndisturbed();
    while (this.report.kills < this.wanted) {
      const way = WAYS[this.report.stores % WAYS.length];
      this.begin(`store-${this.report.stores}`);
      try {
        await this.fill(way);
        await this.checkComplete();
      } catch (error) {
        throw new Error(`seed ${this.seed}, store ${this.report.stores} (${way}), ${this.store}: ${error}`, {
          cause: error,
        });
      }
      this.report.stores++;
      rmSync(this.store, { recursive: true });
    }
    return this.report;
  }

  private begin(name: string): void {
    this.store = join(this.folder, name);
    this.log = join(this.folder, `${name}.log`);
    writeFileSync(this.log, "");
  }

  /** What a store must hold in the end, and how long that takes. */
  private async runUndisturbed(): Promise<void> {
    this.begin("undisturbed");
    const started = performance.now();
    const { code, stdout, stderr } = await this.start(1).outcome;
    this.milliseconds = performance.now() - started;
    if (code !== 0) throw new Error(stderr);
    const { computed, results, operations } = JSON.parse(stdout);
    this.operations = operations;
    this.results = JSON.stringify(results);
    for (const name of filesBelow(this.store)) this.reference.set(name, readFileSync(join(this.store, name), "utf8"));
    this.report.units = computed;
    const units = [...this.reference].filter(([name]) => name.startsWith("units"));
    for (const [name, text] of units) if (JSON.parse(text).result) this.entries.add(name.slice(-69, -5));
    // Five metrics, the prediction and the last token.
    if (this.entries.size !== 7 * computed || units.length !== 8 * computed)
      throw new Error(`${computed} units, but other files: ${[...this.reference.keys()]}`);
  }

  /** Starts and kills runs until one comes to its end with all results. */
  private async fill(way: Way): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const enough = this.report.kills >= this.wanted;
      const complete =
        way === "alone"
          ? await this.killAlone(enough)
          : way === "pool"
            ? await this.killPool(enough)
            : await this.killOneOf(enough);
      this.checkWhole();
      if (complete) return;
    }
    throw new Error("the store is not complete after 200 runs");
  }

  /** In the middle of an operation on the store, or at any time. */
  private async killAlone(spared: boolean): Promise<boolean> {
    const inside = this.random() < 0.7 && !spared;
    const running = this.start(1, inside ? this.someOperation() : undefined);
    if (!inside && !spared) await this.killLater(running);
    return this.settle(running);
  }

  /** Every kind is as likely as the others: most operations only look. */
  private someOperation(): KillAt {
    const kinds = Object.keys(this.operations);
    const name = kinds[Math.floor(this.random() * kinds.length)];
    // Early ones are more likely: a run that goes on from another has fewer.
    const number = 1 + Math.floor(this.random() ** 2 * this.operations[name]);
    return { name, number, after: this.random() < 0.5 };
  }

  /** Two or three runs at once, of which all but perhaps one are killed. */
  private async killOneOf(spared: boolean): Promise<boolean> {
    const count = 2 + Math.floor(this.random() * 2);
    const running = Array.from({ length: count }, () => this.start(1));
    const victims = spared ? 0 : count - Math.floor(this.random() * 2);
    await Promise.all(running.slice(0, victims).map((victim) => this.killLater(victim)));
    const complete: boolean[] = [];
    for (const each of running) complete.push(await this.settle(each));
    return complete.includes(true);
  }

  /** A run with two worker processes: one of these is killed, or the run itself. */
  private async killPool(spared: boolean): Promise<boolean> {
    const running = this.start(2);
    if (!spared) {
      await running.ready;
      await sleep(this.random() * this.milliseconds * 2);
      const workers = childrenOf(running.child.pid!);
      const victim = this.random() < 0.7 ? workers[Math.floor(this.random() * workers.length)] : undefined;
      if (victim === undefined) running.child.kill("SIGKILL");
      else if (tryKill(victim)) {
        this.report.kills++;
        this.report.workersKilled++;
      }
    }
    return this.settle(running);
  }

  private async killLater({ child, ready }: Running): Promise<void> {
    // Loading the library is the longest part, in which there is little to break.
    if (this.random() < 0.9) await ready;
    await sleep(this.random() * this.milliseconds);
    child.kill("SIGKILL");
  }

  /** @returns whether the run came to its end */
  private async settle({ outcome, child }: Running): Promise<boolean> {
    const timer = setTimeout(() => child.kill("SIGABRT"), LONGEST_RUN);
    const { code, signal, stdout, stderr } = await outcome;
    clearTimeout(timer);
    if (signal === "SIGKILL") {
      this.report.kills++;
      return false;
    }
    if (code === 1 && /^UserError: a worker process ended/.test(stderr)) return false;
    if (code !== 0) throw new Error(`a run ended by ${signal ?? code}: ${stderr}`);
    const { results, found } = JSON.parse(stdout);
    if (JSON.stringify(results) !== this.results) throw new Error("a run found other results than the undisturbed one");
    this.report.ended++;
    this.report.found.push(found);
    return true;
  }

  /** Every unit that is there is the undisturbed run's, to the byte. */
  private checkWhole(): void {
    if (!existsSync(this.store)) return;
    for (const name of filesBelow(this.store)) {
      if (!name.endsWith(".json") || name.startsWith("claims")) continue;
      const text = readFileSync(join(this.store, name), "utf8");
      if (text !== this.reference.get(name)) throw new Error(`${name} is not what the undisturbed run has of it`);
    }
    const kept = new Set<string>();
    for (const line of readFileSync(this.log, "utf8").trim().split("\n")) {
      const [, event, name] = line.split(" ");
      if (event === "begin" && this.entries.has(name) && kept.has(name)) {
        throw new Error(`${name} was computed again although it was stored`);
      }
      if (event === "end") kept.add(name);
    }
  }

  /** Nothing is missing, and nothing else is there once another run has looked. */
  private async checkComplete(): Promise<void> {
    const { code, stdout, stderr } = await this.start(1).outcome;
    if (code !== 0) throw new Error(`the next run failed: ${stderr}`);
    const { computed, found } = JSON.parse(stdout);
    if (computed !== 0) throw new Error(`the next run computed ${computed} units again`);
    this.report.found.push(found);
    const there = new Set(filesBelow(this.store));
    const missing = [...this.reference.keys()].filter((name) => !there.has(name));
    const left = [...there].filter((name) => !this.reference.has(name));
    if (missing.length + left.length > 0) throw new Error(`missing: ${missing.join()}; left behind: ${left.join()}`);
  }

  private start(workers: number, killAt?: KillAt): Running {
    mkdirSync(this.folder, { recursive: true });
    const task = {
      settings: this.settings,
      options: { store: this.store, backend: "cpu", workers },
      log: this.log,
      killAt,
    };
    const child = fork(RUNNER, [JSON.stringify(task)], { execArgv: [], stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const outcome: RunOutcome = { code: null, signal: null, stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text) => (outcome.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (outcome.stderr += text));
    const ended = new Promise<RunOutcome>((resolve) => {
      child.on("close", (code, signal) => resolve({ ...outcome, code, signal }));
    });
    const ready = new Promise<void>((resolve) => child.once("message", () => resolve()).once("exit", () => resolve()));
    return { child, ready, outcome: ended };
  }
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

function tryKill(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
