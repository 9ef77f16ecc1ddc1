/**
 * A thousand passes of a real model must leave memory as it was: no tensor, no native tensor behind tfjs's back, and the
 * process no larger (resident set, which also sees what the native library keeps).
 */
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { openCheckpoint } from "../lib/src/checkpoint/checkpoint";
import { runModel } from "../lib/src/model/forward";
import { loadModel } from "../lib/src/model/model";
import { isSlow, onEachBackend } from "./support/backends";

const ROOT = join(__dirname, "..");
const TINY = join(ROOT, "tests", "fixtures", "models", "llama-gqa");
const MINI = join(ROOT, "data", "models", "llama-mini");
/** Bytes that the process may grow after it has warmed up: heap pages that the garbage collector has not returned yet. */
const GROWTH = 48e6;

/** Runs the garbage collector, so that what only waits for it does not count as growth; gives the resident set in bytes. */
function residentBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage.rss();
}

interface NativeBackend {
  /** Of tensorflow. */
  binding?: { getNumOfTensors(): number };
  /** Of webgpu. */
  bufferManager?: { numBytesAllocated: number };
}

onEachBackend("memory", (use, backend) => {
  beforeAll(use);
  const internals = () => tf.backend() as unknown as NativeBackend;
  const native = () => internals().binding?.getNumOfTensors() ?? 0;
  const gpuBytes = () => internals().bufferManager?.numBytesAllocated ?? 0;

  async function expectNoGrowth(folder: string, tokens: number, passes: number): Promise<void> {
    const before = { tensors: tf.memory().numTensors, native: native() };
    const model = await loadModel(openCheckpoint(folder));
    const { numTensors } = tf.memory();
    const ids = Array.from({ length: tokens }, (_, index) => (index * 7) % 50);
    let warm = 0;
    let warmGpuBytes = 0;
    for (let pass = 1; pass <= passes; pass++) {
      await runModel(model, ids, { onHiddenState: () => {} });
      if (pass !== Math.floor(passes / 4)) continue;
      warm = residentBytes();
      warmGpuBytes = gpuBytes();
    }
    const growth = residentBytes() - warm;
    expect(gpuBytes()).toBeLessThanOrEqual(warmGpuBytes);
    expect(tf.memory().numTensors).toBe(numTensors);
    // Fewer where a weight is uploaded only when it is first used.
    expect(native()).toBeLessThanOrEqual(before.native + numTensors - before.tensors);
    expect(growth).toBeLessThan(GROWTH);
    model.dispose();
    expect({ tensors: tf.memory().numTensors, native: native() }).toEqual(before);
    if (!process.env.MEMORY_REPORT) return;
    process.stdout.write(`${backend}: ${(growth / 1e6).toFixed(1)} MB over ${passes} passes of ${tokens} tokens\n`);
  }

  // A software adapter takes a second for a pass; plain JavaScript is fast where little is computed.
  const many = backend === "webgpu" && isSlow(backend) ? 16 : 1000;
  it(`does not grow over ${many} passes of a tiny model`, () => expectNoGrowth(TINY, 16, many));

  // A pass makes and drops about 800 MB of tensors: kept for long, a few would show.
  it.skipIf(isSlow(backend))("drops big tensors in time", () => expectNoGrowth(MINI, 512, 40));
});
