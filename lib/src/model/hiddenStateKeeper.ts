import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { makeWorkFolder, writeFileAtomically } from "../machine/support/files";

export interface KeeperOptions {
  /** Bytes of hidden states that may be in memory; without it there is no limit. */
  memory?: number;
  /** Where the others wait: the system's folder for temporary files without it. */
  spillFolder?: string;
}

/** Keeps the current hidden state of each prompt between two layers, in memory or, past a budget, on disk. */
export class HiddenStateKeeper {
  private readonly inMemory = new Map<number, tf.Tensor2D>();
  private readonly onDisk = new Map<number, [number, number]>();
  private bytes = 0;
  private folder?: string;

  constructor(private readonly options: KeeperOptions) {}

  /** Takes charge of a hidden state. It stays in memory until {@link settle} is called. */
  async keep(index: number, hidden: tf.Tensor2D): Promise<void> {
    this.inMemory.set(index, hidden);
    this.bytes += bytesOf(hidden);
  }

  /** No more use before the next layer: what is over the budget goes to disk. @throws UserError if the disk is full */
  async settle(index: number): Promise<void> {
    const hidden = this.inMemory.get(index);
    if (!hidden || this.bytes <= (this.options.memory ?? Number.POSITIVE_INFINITY)) return;
    const values = await hidden.data();
    writeFileAtomically(this.path(index), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    this.onDisk.set(index, hidden.shape);
    this.take(index).dispose();
  }

  /** Hands a hidden state out; the caller has charge of it from here on. */
  take(index: number): tf.Tensor2D {
    const hidden = this.inMemory.get(index);
    if (hidden) {
      this.inMemory.delete(index);
      this.bytes -= bytesOf(hidden);
      return hidden;
    }
    const file = readFileSync(this.path(index));
    const values = new Float32Array(new Uint8Array(file).buffer);
    return tf.tensor2d(values, this.onDisk.get(index)!);
  }

  /** Frees everything, on disk too. */
  dispose(): void {
    for (const hidden of this.inMemory.values()) hidden.dispose();
    this.inMemory.clear();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }

  private path(index: number): string {
    this.folder ??= makeWorkFolder(this.options.spillFolder ?? tmpdir());
    return join(this.folder, `${index}.f32`);
  }
}

function bytesOf(hidden: tf.Tensor2D): number {
  return 4 * hidden.size;
}
