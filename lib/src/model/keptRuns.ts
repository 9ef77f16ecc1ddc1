import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { Cloud } from "../machine/support/cloud";
import { removeUnfinished, writeFileAtomically } from "../machine/support/files";
import { readJsonObject } from "../machine/support/json";
import { readNpy, writeNpy } from "../machine/support/npy";
import { defaultStore } from "../machine/support/project";
import type { TokenStatistics } from "./logitStatistics";

/** Megabytes (10^6 bytes) of hidden states that are kept, 1000 without it (the notebooks need 600); 0 keeps none. */
export const HIDDEN_VARIABLE = "TOKEN_GEOMETRY_HIDDEN";

/** Of the files, and of the numbers that a pass gives: raise it when either changes. */
const VERSION = 1;

/** What a pass through a model has given. */
export interface KeptRun extends TokenStatistics {
  /** Layers 0..L, all of one shape. */
  hidden: Cloud<Float32Array>[];
}

/**
 * The hidden states of the latest prompts, on disk: what a cell or another notebook asks for again is read instead of computed.
 * In the folder hidden/ of the store each has two files, named by the hash of what its numbers depend on: KEY.npy, which
 * NumPy opens [layers + 1, tokens, width], and KEY.json with loss and entropy. A run that is not whole is not found.
 */
export class KeptRuns {
  private readonly folder = join(defaultStore(), "hidden");
  private readonly budget = budgetInBytes();

  /** Whether anything is kept at all. */
  get areKept(): boolean {
    return this.budget > 0;
  }

  /** @param inputs all that the numbers depend on, as JSON takes it, in an order that is always the same */
  keyOf(inputs: object): string {
    return createHash("sha256")
      .update(JSON.stringify({ version: VERSION, ...inputs }))
      .digest("hex");
  }

  /** The run of that key; undefined if it is not there, or its files are damaged. */
  find(key: string): KeptRun | undefined {
    const [states, numbers] = this.pathsOf(key);
    if (!existsSync(numbers) || !existsSync(states)) return undefined;
    try {
      const { checksum, ...text } = readJsonObject(numbers);
      const { shape, data } = readNpy(states);
      if (checksum !== checksumOf(text, [data])) return undefined;
      const now = new Date();
      for (const path of [states, numbers]) utimesSync(path, now, now); // The oldest ones are those that nobody asked for.
      const [layers, points, dimension] = shape;
      const size = points * dimension;
      const hidden = Array.from({ length: layers }, (_, layer) => {
        return { values: (data as Float32Array).slice(layer * size, (layer + 1) * size), points, dimension };
      });
      return { hidden, ...statisticsOf(text) };
    } catch {
      return undefined; // Damaged, or removed at this moment by another process.
    }
  }

  /** Keeps a run, and removes the oldest ones over the budget. Where nothing can be written, nothing is kept. */
  keep(key: string, { hidden, loss, meanEntropy, tokenLoss, tokenEntropy }: KeptRun): void {
    const pieces = hidden.map(({ values }) => values);
    if (pieces.reduce((bytes, { byteLength }) => bytes + byteLength, 0) > this.budget) return;
    const [states, numbers] = this.pathsOf(key);
    const text = { loss, meanEntropy, tokenLoss: [...tokenLoss], tokenEntropy: [...tokenEntropy] };
    try {
      writeNpy(states, [hidden.length, hidden[0].points, hidden[0].dimension], pieces);
      writeFileAtomically(numbers, JSON.stringify({ ...text, checksum: checksumOf(text, pieces) }));
      this.removeOldest();
    } catch {
      // Without room or the right to write, the run is computed again next time.
    }
  }

  private pathsOf(key: string): [states: string, numbers: string] {
    return [join(this.folder, `${key}.npy`), join(this.folder, `${key}.json`)];
  }

  private removeOldest(): void {
    removeUnfinished(this.folder);
    const runs = new Map<string, { key: string; bytes: number; time: number }>();
    for (const name of readdirSync(this.folder).filter((name) => /^[0-9a-f]{64}\.(npy|json)$/.test(name))) {
      const found = statSync(join(this.folder, name), { throwIfNoEntry: false });
      const key = name.slice(0, 64);
      const { bytes, time } = runs.get(key) ?? { bytes: 0, time: 0 };
      if (found) runs.set(key, { key, bytes: bytes + found.size, time: Math.max(time, found.mtimeMs) });
    }
    let sum = 0;
    for (const { key, bytes } of [...runs.values()].sort((a, b) => b.time - a.time)) {
      sum += bytes;
      if (sum > this.budget) for (const path of this.pathsOf(key)) rmSync(path, { force: true });
    }
  }
}

function budgetInBytes(): number {
  const megabytes = Number(process.env[HIDDEN_VARIABLE] || 1000);
  return Number.isNaN(megabytes) ? 0 : 1e6 * megabytes;
}

/** JSON has no NaN: the loss of a single token is null there. */
function statisticsOf(text: Record<string, unknown>): TokenStatistics {
  const { loss, meanEntropy, tokenLoss, tokenEntropy } = text as Record<"loss" | "meanEntropy", number | null> &
    Record<"tokenLoss" | "tokenEntropy", number[]>;
  return {
    loss: loss ?? Number.NaN,
    meanEntropy: meanEntropy ?? Number.NaN,
    tokenLoss: Float64Array.from(tokenLoss),
    tokenEntropy: Float64Array.from(tokenEntropy),
  };
}

function checksumOf(text: object, pieces: readonly (Float32Array | Float64Array)[]): string {
  const hash = createHash("sha256").update(JSON.stringify(text));
  for (const { buffer, byteOffset, byteLength } of pieces) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}
