import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, test } from "vitest";
import { works } from "../../../../tests/support/backends";
import { expectRefusal, PROJECT, runProgram } from "../../../../tests/support/cli";
import { makeNpy } from "../../../../tests/support/makeNpy";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { randomGenerator } from "../support/random";
import { chooseBackend, describeBackend } from "./backend";
import { describeAdapter, type GpuAdapter, type GpuDevice, mayHaveCard } from "./webgpuAdapter";
import { askProgram } from "./webgpuProbe";

/** The backend object that is registered, as far as it is looked into here. */
interface Registered {
  device: GpuDevice & { createBuffer(descriptor: { size: number; usage: number }): unknown };
  memory(): { numBytesInGPU: number; numBytesAllocatedInGPU: number };
}

const registered = () => tf.backend() as unknown as Registered;

/** 60 points in 5 dimensions. */
function cloudFile(folder: string): string {
  const file = join(folder, "cloud.npy");
  writeFileSync(file, makeNpy(Array.from({ length: 300 }, randomGenerator("cloud")), [60, 5]));
  return file;
}

describe.runIf(works("webgpu"))("webgpu", () => {
  beforeEach(() => chooseBackend("webgpu"));

  test("says on which adapter it runs, and whether that is a program", async () => {
    const choice = await chooseBackend("webgpu");
    expect(describeBackend(choice)).toMatch(/^backend webgpu \((GPU|software), \S.*\)$/);
    const own = choice.device.startsWith("software") ? "software" : "GPU";
    expect(own === "software").toBe(/swiftshader|llvmpipe|basic render/i.test(choice.device));
  });

  test("takes tensors beyond what WebGPU guarantees, and refuses those beyond the adapter", async () => {
    const { maxStorageBufferBindingSize } = registered().device.limits;
    expect(maxStorageBufferBindingSize).toBeGreaterThan(2 ** 27);
    const before = tf.memory().numTensors;
    const corner = async (size: number) => {
      const result = tf.tidy(() => tf.slice(tf.add(tf.zeros([size]), 1), [size - 2], [2]));
      const values = await result.data();
      result.dispose();
      return [...values];
    };
    expect(await corner(2 ** 25 + 2 ** 18)).toEqual([1, 1]); // 129 MiB
    const tooLarge = corner(maxStorageBufferBindingSize / 4 + 1);
    await expect(tooLarge).rejects.toThrow(/a tensor of \d+\.\d\d GiB is more than this GPU takes at once/);
    expect(await corner(10)).toEqual([1, 1]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("what the GPU refuses to do is an error, not zeros, and the next work is not concerned", async () => {
    const ones = tf.add(tf.zeros([100]), 1);
    registered().device.createBuffer({ size: 2 ** 52, usage: 128 });
    await expect(ones.data()).rejects.toThrow(/^the GPU refused to compute: Buffer size .*exceeds/);
    expect((await ones.data())[99]).toBe(1);
    ones.dispose();
  });

  test("values are there for `await data()` alone, and the message says so", async () => {
    const ones = tf.add(tf.zeros([3]), 1);
    expect(() => ones.dataSync()).toThrow("the backend webgpu gives values only to `await tensor.data()`");
    expect([...(await ones.data())]).toEqual([1, 1, 1]);
    ones.dispose();
  });

  test("small tensors are computed on it, too", async () => {
    const before = registered().memory().numBytesInGPU;
    const sum = tf.tidy(() => tf.add(tf.tensor1d([1, 2]), tf.tensor1d([3, 4])));
    expect(registered().memory().numBytesInGPU).toBeGreaterThan(before);
    expect([...(await sum.data())]).toEqual([4, 6]);
    sum.dispose();
  });

  test("memory that is free is given back beyond half a gibibyte", async () => {
    // Every tensor of another size, 640 MiB in all: none fits into the buffer of one before.
    for (let i = 0; i < 10; i++) {
      const values = tf.tidy(() => tf.slice(tf.zeros([2 ** 24 + i]), [0], [1]));
      await values.data();
      values.dispose();
    }
    const { numBytesInGPU, numBytesAllocatedInGPU } = registered().memory();
    expect(numBytesAllocatedInGPU - numBytesInGPU).toBeLessThanOrEqual(2 ** 29);
  });

  test("a GPU that is lost is an error that says so; asked for again, there is a new one", async () => {
    const kept = tf.add(tf.zeros([3]), 1);
    const before = registered();
    before.device.destroy();
    const lost = /^the GPU was lost \(.*\): run it again, or with another backend/;
    await expect(kept.data()).rejects.toThrow(lost);
    expect(() => tf.add(kept, 1)).toThrow(lost);
    await chooseBackend("webgpu");
    expect(registered()).not.toBe(before);
    const two = tf.tidy(() => tf.add(tf.ones([3]), 1));
    expect([...(await two.data())]).toEqual([2, 2, 2]);
    tf.dispose([kept, two]);
  });

  test("leaves nothing behind in the global scope but what tfjs needs", () => {
    expect((globalThis as { navigator?: { gpu?: unknown } }).navigator?.gpu).toBeUndefined();
  });

  test("a program that used it prints nothing of Dawn's, and ends by itself", async () => {
    const file = cloudFile(temporaryFolder());
    const [mine, theirs] = await Promise.all(
      ["webgpu", "wasm"].map((backend) => runProgram(["geometry", file, "--json", "--backend", backend])),
    );
    expect(mine.stderr).toMatch(/^backend webgpu \(.*\)\n$/);
    expect(mine.status).toBe(0);
    const idOf = ({ stdout }: typeof mine) => JSON.parse(stdout).clouds[0].intrinsicDimension[0].id;
    expect(idOf(mine)).toBeCloseTo(idOf(theirs), 6);
  });

  test("so does one that fails while the GPU is at work", async () => {
    const program = [
      'const { chooseBackend } = require("./lib/dist/machine/backend/backend.js");',
      'const tf = require("@tensorflow/tfjs-core");',
      'chooseBackend("webgpu").then(() => {',
      "  tf.matMul(tf.ones([200, 200]), tf.ones([200, 200])).data();",
      '  throw new Error("on purpose");',
      "});",
    ].join("\n");
    const { status, signal, stderr } = spawnSync(process.execPath, ["-e", program], { cwd: PROJECT, encoding: "utf8" });
    expect({ status, signal }).toEqual({ status: 1, signal: null });
    expect(stderr).toContain("on purpose");
  });
});

describe("without an adapter", () => {
  test.skipIf(process.platform !== "linux")("one line says so, and nothing else is printed", async () => {
    const file = cloudFile(temporaryFolder());
    const nowhere = { VK_ICD_FILENAMES: join(PROJECT, "no-such-driver.json"), VK_DRIVER_FILES: undefined };
    const result = await runProgram(["geometry", file, "--backend", "webgpu"], nowhere);
    expectRefusal(result, "no backend works here (webgpu: ");
  });

  test("a search that crashes is a reason like others", async () => {
    await expect(askProgram("process.stderr.write('driver trouble\\n', () => process.abort())")).rejects.toThrow(
      "the search for a graphics adapter ended with SIGABRT (driver trouble)",
    );
  });

  test.skipIf(process.platform !== "linux")("no time is spent on a search where the kernel knows of no card", () => {
    expect(mayHaveCard(["null", "tty", "kvm", "driver"])).toBe(false);
    for (const device of ["dri", "nvidia0", "nvidiactl", "dxg"]) expect(mayHaveCard([device])).toBe(true);
    expect(mayHaveCard()).toBe(mayHaveCard(readdirSync("/dev")));
  });
});

describe("an adapter in words", () => {
  const adapter = (info: Partial<GpuAdapter["info"]>) =>
    describeAdapter({ vendor: "", architecture: "", device: "", description: "", ...info });

  test("has the name and driver that it gives itself, or its maker's", () => {
    const card = { vendor: "nvidia", architecture: "ada", device: "nvidia-l4-", description: "NVIDIA: 550.54" };
    expect(adapter(card)).toEqual({ name: "nvidia-l4", driver: "NVIDIA: 550.54", software: false });
    expect(adapter({ vendor: "apple", architecture: "metal-3" }).name).toBe("apple metal-3");
    expect(adapter({}).name).toBe("unnamed adapter");
  });

  test.each([
    { isFallbackAdapter: true },
    { architecture: "swiftshader" },
    { device: "llvmpipe-llvm-15" },
    { description: "Microsoft Basic Render Driver" },
  ])("%j is software", (info) => {
    expect(adapter(info).software).toBe(true);
  });
});
