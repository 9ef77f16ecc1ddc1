/** Damages files and has them read by a process of their own, so that a hang or a crash is seen as what it is. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { byteMutation, type Mutation } from "./byteMutations";
import { jsonMutation } from "./jsonMutations";
import type { HostileReader, Sample } from "./readers";

/** A hang is what takes longer than this, by the clock on the wall, on a busy machine, in milliseconds. */
const LONGEST_WAIT = 120_000;

/** Of the reading process; the readers' limits are lower. */
const HEAP_MEBIBYTES = 1024;

/** After the first failure, simpler inputs that fail as well are looked for, for so long, in milliseconds. */
const LONGEST_SHRINKING = 90_000;

/** Damaged files for a reader. */
export interface HostileInput {
  reader: string;
  base?: string;
  files: Record<string, Buffer>;
  /** What was done to them. */
  damage: string[];
}

export interface Outcome {
  kind: "result" | "refused" | "defect";
  message?: string;
  /** Processor time. */
  seconds: number;
  /** Bytes by which the resident memory grew at its peak. */
  grown: number;
}

/** Damaged versions of a reader's samples. */
export function hostileInputs(reader: HostileReader): fc.Arbitrary<HostileInput> {
  const sample = fc.constantFrom(...reader.samples);
  const inJson = fc.oneof({ weight: 5, arbitrary: jsonMutation }, { weight: 1, arbitrary: byteMutation });
  const inside = fc.tuple(fc.nat(), inJson, byteMutation);
  const damage = fc.record({
    sample,
    other: sample,
    inside: fc.array(inside, { minLength: 1, maxLength: 3 }),
    whole: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(byteMutation, { minLength: 1, maxLength: 2 }) },
    ),
  });
  return damage.map(({ sample, other, inside, whole }) => damaged(reader, sample, other, inside, whole));
}

function damaged(
  reader: HostileReader,
  { files, base }: Sample,
  other: Sample,
  inside: readonly [which: number, json: Mutation, bytes: Mutation][],
  whole: readonly Mutation[],
): HostileInput {
  const names = Object.keys(files);
  const changed = { ...files };
  const done: string[] = [];
  const otherFile = Object.values(other.files)[0];
  for (const [which, inJson, inBytes] of inside) {
    const name = names[which % names.length];
    const format = reader.formatOf(name);
    try {
      const parts = format.split(changed[name]);
      const part = parts[which % parts.length];
      const mutation = part.json ? inJson : inBytes;
      part.content = mutation.apply(part.content, otherFile);
      changed[name] = format.join(parts);
      done.push(`${name}, ${part.name}: ${mutation.what}`);
    } catch {
      // Too damaged by now to be taken apart.
    }
  }
  for (const mutation of whole) {
    const name = names[0];
    changed[name] = mutation.apply(changed[name], otherFile);
    done.push(`${name}: ${mutation.what}`);
  }
  return { reader: reader.reads, base, files: changed, damage: done };
}

/** The process that reads. After a hang or a crash the next input gets another one. */
export class ReadingProcess {
  private child: ChildProcess | undefined;
  private errors = "";

  /** @param whole undamaged files */
  constructor(private readonly whole: Record<string, Buffer>) {}

  /** @param first whether the process is to be made ready by a whole file, which is not measured */
  async read(input: HostileInput, first = false): Promise<Outcome> {
    if (!this.child && !first) await this.read({ ...input, files: this.whole }, true);
    this.child ??= this.start();
    const child = this.child;
    this.errors = "";
    return new Promise((resolve) => {
      const end = (outcome: Outcome, gone: boolean): void => {
        clearTimeout(timer);
        child.removeAllListeners("message").removeAllListeners("exit");
        if (gone) this.close();
        resolve(outcome);
      };
      const defect = (message: string): void => end({ kind: "defect", message, seconds: 0, grown: 0 }, true);
      const timer = setTimeout(() => defect(`no answer within ${LONGEST_WAIT / 1000} s`), LONGEST_WAIT);
      child.once("message", (outcome) => end(outcome as Outcome, false));
      child.once("exit", (code, signal) =>
        defect(`the process ended (${signal ?? code}): ${this.errors.slice(-1500)}`),
      );
      child.send({ reader: input.reader, base: input.base, files: input.files, first });
    });
  }

  close(): void {
    this.child?.removeAllListeners("exit").kill("SIGKILL");
    this.child = undefined;
  }

  private start(): ChildProcess {
    const child = fork(join(__dirname, "reader.js"), {
      serialization: "advanced",
      execArgv: [`--max-old-space-size=${HEAP_MEBIBYTES}`],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, TOKEN_GEOMETRY_BACKEND: "cpu", NODE_NO_WARNINGS: "1" },
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      this.errors = (this.errors + text).slice(-10_000);
    });
    return child;
  }
}

/** What came of many inputs for one reader. */
export interface Tally {
  result: number;
  refused: number;
  /** Of the slowest, and of the one that took the most memory. */
  seconds: number;
  grown: number;
}

/**
 * Has a reader read damaged files, until there are enough or one of them shows a defect.
 *
 * @param failures folder into which the files of a defect go
 * @throws Error that names the seed, the damage and where the files are, after looking for the simplest such input
 */
export async function readHostileInputs(
  reader: HostileReader,
  { inputs, seed, failures }: { inputs: number; seed: number; failures: string },
): Promise<Tally> {
  const reading = new ReadingProcess(reader.samples[0].files);
  const tally: Tally = { result: 0, refused: 0, seconds: 0, grown: 0 };
  let giveUp = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(hostileInputs(reader), async (input) => {
    if (performance.now() > giveUp) return;
    const outcome = await reading.read(input);
    if (outcome.kind === "defect") {
      giveUp = Math.min(giveUp, performance.now() + LONGEST_SHRINKING);
      throw new Error(outcome.message);
    }
    tally[outcome.kind]++;
    tally.seconds = Math.max(tally.seconds, outcome.seconds);
    tally.grown = Math.max(tally.grown, outcome.grown);
  });
  try {
    const found = await fc.check(property, { numRuns: inputs, seed });
    if (!found.failed) return tally;
    const [input] = found.counterexample!;
    const folder = join(failures, `${reader.name}-${seed}`);
    for (const [name, content] of Object.entries(input.files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const why = found.errorInstance instanceof Error ? found.errorInstance.message : String(found.errorInstance);
    throw new Error(
      `${reader.name}, seed ${seed}, input ${found.numRuns}: ${why}\nfiles: ${folder}\ndamage: ${input.damage.join("; ")}`,
    );
  } finally {
    reading.close();
  }
}
