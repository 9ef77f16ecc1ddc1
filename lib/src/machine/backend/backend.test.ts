import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UserError } from "../support/errors";
import { BACKEND_VARIABLE, BACKENDS, chooseBackend, describeBackend, describeDevice } from "./backend";
import { BLAS_VARIABLE } from "./blas";

const [tensorflow, webgpu, wasm, cpu] = BACKENDS;

beforeEach(async () => {
  vi.stubEnv(BACKEND_VARIABLE, "");
  vi.stubEnv(BLAS_VARIABLE, "off");
  // What the machine has does not count here.
  for (const backend of [tensorflow, webgpu]) vi.spyOn(backend, "whyNoGpu").mockResolvedValue("no card");
  await chooseBackend("cpu");
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Forgets the choice: a backend that is current and was chosen is kept. */
async function forget(): Promise<void> {
  tf.registerBackend("forgotten", () => tf.findBackend("cpu"));
  await tf.setBackend("forgotten");
}

describe("chooseBackend", () => {
  test("the names, in the order of preference", () => {
    expect(BACKENDS.map(({ name }) => name)).toEqual(["tensorflow", "webgpu", "wasm", "cpu"]);
  });

  test("takes the first that works, and says why those before it were passed over", async () => {
    await forget();
    vi.spyOn(tensorflow, "load").mockRejectedValue(new Error("the addon is\n  not there"));
    const choice = await chooseBackend();
    expect(choice).toEqual({
      name: "wasm",
      device: "WebAssembly, one thread",
      passedOver: [
        { name: "tensorflow", why: "the addon is not there" },
        { name: "webgpu", why: "no card" },
      ],
    });
    expect(tf.getBackend()).toBe("wasm");
    expect(describeBackend(choice)).toBe(
      "backend wasm (WebAssembly, one thread); tensorflow passed over: the addon is not there; webgpu passed over: no card",
    );
  });

  test("one that is there but gets a product wrong is passed over", async () => {
    await forget();
    vi.spyOn(tensorflow, "load").mockRejectedValue(new Error("not there"));
    const wrong = vi.spyOn(wasm, "load").mockImplementation(async () => {
      require("@tensorflow/tfjs-backend-wasm");
      const { data } = tf.Tensor.prototype;
      vi.spyOn(tf.Tensor.prototype, "data").mockImplementationOnce(async function (this: tf.Tensor) {
        return Float32Array.from((await data.call(this)) as Float32Array, (value) => value + 1);
      } as typeof data);
    });
    const before = tf.memory().numTensors;
    const { name, passedOver } = await chooseBackend("auto");
    expect(wrong).toHaveBeenCalledOnce();
    expect(name).toBe("cpu");
    expect(passedOver[2]).toEqual({ name: "wasm", why: "a 2 x 2 product came out as [20,23,44,51]" });
    expect(tf.memory().numTensors).toBe(before);
  });

  test("by argument before environment, by environment before preference", async () => {
    vi.stubEnv(BACKEND_VARIABLE, "wasm");
    expect((await chooseBackend("cpu")).name).toBe("cpu");
    expect((await chooseBackend()).name).toBe("wasm");
    await chooseBackend("cpu");
    // The notebooks' parameter BACKEND is "auto" where nobody sets it.
    expect((await chooseBackend("auto")).name).toBe("wasm");
    expect((await chooseBackend("cpu")).passedOver).toEqual([]);
  });

  test("asked again, it is the same choice, without another start", async () => {
    const first = await chooseBackend("wasm");
    const load = vi.spyOn(wasm, "load");
    expect(await chooseBackend("wasm")).toBe(first);
    expect(load).not.toHaveBeenCalled();
  });

  test("one that was asked for and does not work is an error with its reason, not a silent fallback", async () => {
    await forget();
    vi.spyOn(wasm, "load").mockRejectedValue(new Error("no SIMD here"));
    await expect(chooseBackend("wasm")).rejects.toThrow(UserError);
    await expect(chooseBackend("wasm")).rejects.toThrow("no backend works here (wasm: no SIMD here)");
  });

  test("if none works, all reasons", async () => {
    await forget();
    for (const backend of [tensorflow, wasm, cpu]) vi.spyOn(backend, "load").mockRejectedValue(new Error("gone"));
    await expect(chooseBackend()).rejects.toThrow("(tensorflow: gone; webgpu: no card; wasm: gone; cpu: gone)");
  });

  test("a BLAS library that was asked for and is not there is an error, not a slower backend", async () => {
    await forget();
    vi.spyOn(tensorflow, "load").mockRejectedValue(new Error("not there"));
    vi.stubEnv(BLAS_VARIABLE, "libnosuch.so.7");
    await expect(chooseBackend()).rejects.toThrow(`${BLAS_VARIABLE} names libnosuch.so.7, which cannot be used`);
  });

  test("unknown names are refused with the known ones, and where they come from", async () => {
    await expect(chooseBackend("cuda")).rejects.toThrow(
      'unknown backend "cuda": choose auto or one of tensorflow, webgpu, wasm, cpu',
    );
    vi.stubEnv(BACKEND_VARIABLE, "metal");
    await expect(chooseBackend()).rejects.toThrow(`unknown backend "metal" in ${BACKEND_VARIABLE}`);
  });
});

test("a device is described with its number of threads, where that is known", () => {
  expect(describeDevice({ device: "WebAssembly, one thread" })).toBe("WebAssembly, one thread");
  const device = "WebAssembly, products by OpenBLAS 0.3.21";
  expect(describeDevice({ device, threads: 1 })).toBe(`${device}, 1 thread`);
  expect(describeBackend({ name: "wasm", device, threads: 2, passedOver: [] })).toBe(
    `backend wasm (${device}, 2 threads)`,
  );
});

describe("graphics cards", () => {
  /** Has a backend pose as one that is loaded: it computes on plain JavaScript. */
  function pretend(backend: typeof tensorflow, device: string) {
    vi.spyOn(backend, "device").mockReturnValue(device);
    return vi.spyOn(backend, "load").mockImplementation(async () => {
      const { MathBackendCPU } = require("@tensorflow/tfjs-backend-cpu");
      if (!tf.findBackendFactory(backend.name)) tf.registerBackend(backend.name, () => new MathBackendCPU());
      if (tf.getKernelsForBackend(backend.name).length === 0) tf.copyRegisteredKernels("cpu", backend.name);
    });
  }

  afterEach(async () => {
    await chooseBackend("cpu");
    for (const { name } of [tensorflow, webgpu]) if (tf.findBackendFactory(name)) tf.removeBackend(name);
  });

  test("with TensorFlow on a card, WebGPU is not even looked at", async () => {
    await forget();
    pretend(tensorflow, "GPU");
    vi.mocked(tensorflow.whyNoGpu!).mockResolvedValue(undefined);
    const load = vi.spyOn(webgpu, "load");
    expect(await chooseBackend()).toEqual({ name: "tensorflow", device: "GPU", passedOver: [] });
    expect(webgpu.whyNoGpu).not.toHaveBeenCalled();
    expect(load).not.toHaveBeenCalled();
  });

  test("a card through WebGPU comes before TensorFlow on the processor, which is not loaded", async () => {
    await forget();
    const load = pretend(tensorflow, "CPU");
    pretend(webgpu, "GPU, a card");
    vi.mocked(webgpu.whyNoGpu!).mockResolvedValue(undefined);
    expect(await chooseBackend()).toEqual({ name: "webgpu", device: "GPU, a card", passedOver: [] });
    expect(load).not.toHaveBeenCalled();
  });

  test("without a card TensorFlow on the processor is taken, and WebGPU is not loaded", async () => {
    await forget();
    pretend(tensorflow, "CPU");
    const load = vi.spyOn(webgpu, "load");
    vi.mocked(webgpu.whyNoGpu!).mockRejectedValue(new Error("the search crashed"));
    expect((await chooseBackend()).name).toBe("tensorflow");
    expect(load).not.toHaveBeenCalled();
  });

  test("a card that turns out not to work gives way to what comes next, software adapters left out", async () => {
    await forget();
    vi.spyOn(tensorflow, "load").mockRejectedValue(new Error("broken"));
    vi.mocked(tensorflow.whyNoGpu!).mockResolvedValue(undefined);
    expect(await chooseBackend()).toMatchObject({
      name: "wasm",
      passedOver: [
        { name: "tensorflow", why: "broken" },
        { name: "webgpu", why: "no card" },
      ],
    });
  });

  test("a device that is gone is not taken for the choice that was made", async () => {
    await forget();
    const load = pretend(webgpu, "GPU, a card");
    await chooseBackend("webgpu");
    await chooseBackend("webgpu");
    expect(load).toHaveBeenCalledOnce();
    vi.spyOn(webgpu, "isLost").mockReturnValue(true);
    await chooseBackend("webgpu");
    expect(load).toHaveBeenCalledTimes(2);
  });
});
