/**
 * A thousand passes of a real model must leave memory as it was: no tensor, no native tensor behind tfjs's back, and the
 * process no larger (its own memory, which also sees what the native library keeps).
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it } from "vitest";
import { openCheckpoint } from "../lib/src/machine/checkpoint/checkpoint";
import { runNetwork } from "../lib/src/model/forward";
import { loadNetwork } from "../lib/src/model/network";
import { isSlow, onEachBackend } from "./support/backends";

const ROOT = join(__dirname, "..");
const TINY = join(ROOT, "tests", "fixtures", "models", "llama-gqa");
const MINI = join(ROOT, "data", "models", "llama-mini");
/**
 * Stretches of a run that are looked at one by one. What is kept of every pass makes the process larger in each of them; the
 * garbage collector and the allocators, which return memory when they see fit, do so in some.
 */
const STRETCHES = 4;
/** Bytes that a stretch may add if no pass leaves anything behind. */
const GROWTH = 8e6;
const STATUS = "/proc/self/status";

/**
 * Runs the garbage collector, so that what only waits for it does not count as growth; gives the memory of the process in
 * bytes. On Linux that is what belongs to it alone, wherever it lies: the pages of programs and libraries are read from their
 * files as they are needed, and a system that drops idle ones makes the whole resident set swing by a hundred megabytes.
 */
function ownBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  if (!existsSync(STATUS)) return process.memoryUsage.rss();
  const status = readFileSync(STATUS, "utf8");
  return ["RssAnon", "RssShmem", "VmSwap"].reduce((sum, field) => {
    const kibibytes = new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1];
    if (kibibytes === undefined) throw new Error(`${STATUS} has no ${field}`);
    return sum + Number(kibibytes) * 1024;
  }, 0);
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
    const model = await loadNetwork(openCheckpoint(folder));
    const { numTensors } = tf.memory();
    const ids = Array.from({ length: tokens }, (_, index) => (index * 7) % 50);
    const stretch = Math.floor(passes / (STRETCHES + 1));
    const own: number[] = [];
    const ofGpu: number[] = [];
    for (let pass = 1; pass <= stretch * (STRETCHES + 1); pass++) {
      await runNetwork(model, ids, { onHiddenState: () => {} });
      if (pass % stretch !== 0) continue;
      own.push(ownBytes());
      ofGpu.push(gpuBytes());
    }
    const growth = own.slice(1).map((bytes, index) => bytes - own[index]);
    expect(Math.max(...ofGpu)).toBe(ofGpu[0]);
    expect(tf.memory().numTensors).toBe(numTensors);
    // Fewer where a weight is uploaded only when it is first used.
    expect(native()).toBeLessThanOrEqual(before.native + numTensors - before.tensors);
    expect(Math.min(...growth)).toBeLessThan(GROWTH);
    model.dispose();
    expect({ tensors: tf.memory().numTensors, native: native() }).toEqual(before);
    if (!process.env.MEMORY_REPORT) return;
    const megabytes = growth.map((bytes) => (bytes / 1e6).toFixed(1));
    process.stdout.write(
      `${backend}: ${megabytes.join(", ")} MB in ${STRETCHES} times ${stretch} passes of ${tokens} tokens\n`,
    );
  }

  // A software adapter takes a second for a pass; plain JavaScript is fast where little is computed.
  const many = backend === "webgpu" && isSlow(backend) ? 20 : 1000;
  it(`does not grow over ${many} passes of a tiny model`, () => expectNoGrowth(TINY, 16, many));

  // A pass makes and drops about 800 MB of tensors: kept for long, a few would show.
  it.skipIf(isSlow(backend))("drops big tensors in time", () => expectNoGrowth(MINI, 512, 40));
});
