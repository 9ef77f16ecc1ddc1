import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { chooseBackend } from "./backend";
import { LAYER_NORM, type NativeBackend, setOneDnnKernels } from "./oneDnn";

const works = await chooseBackend("tensorflow").then(
  () => true,
  (error) => {
    console.warn(`NOT TESTED: oneDNN's kernels: ${error.message}`);
    return false;
  },
);

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe.skipIf(!works)("oneDNN's kernels", () => {
  const native = () => tf.backend() as NativeBackend;
  beforeEach(() => chooseBackend("tensorflow"));

  type Execute = NativeBackend["executeSingleOutput"];

  /** Which kernels are taken if operations give what `execute` says; without it, what they really give. */
  function taken(execute?: Execute): { softmax: boolean; norm: boolean } {
    const [softmax, norm] = ["Softmax", LAYER_NORM].map((name) => tf.getKernel(name, "tensorflow"));
    if (norm) tf.unregisterKernel(LAYER_NORM, "tensorflow");
    const mocked = execute && vi.spyOn(native(), "executeSingleOutput").mockImplementation(execute);
    setOneDnnKernels(native());
    mocked?.mockRestore();
    const isTaken = {
      softmax: tf.getKernel("Softmax", "tensorflow") !== softmax,
      norm: tf.getKernel(LAYER_NORM, "tensorflow") !== undefined,
    };
    for (const [name, before] of [
      ["Softmax", softmax],
      [LAYER_NORM, norm],
    ] as const) {
      if (tf.getKernel(name, "tensorflow")) tf.unregisterKernel(name, "tensorflow");
      if (before) tf.registerKernel(before);
    }
    return isTaken;
  }

  /** Operations whose results are slightly other than they should be. */
  function changed(change: (value: number) => number): Execute {
    const execute = native().executeSingleOutput.bind(native());
    return (operation, attributes, inputs) => {
      const right = execute(operation, attributes, inputs) as tf.Tensor;
      const values = (right.dataSync() as Float32Array).map(change);
      right.dispose();
      return tf.tensor(values, right.shape);
    };
  }

  test("are proved, which leaves no tensors behind", () => {
    const { numTensors } = tf.memory();
    const real = taken();
    expect(taken(changed((value) => value))).toEqual(real);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test("are not used where they are missing, wrong, or not wished for", () => {
    const none = { softmax: false, norm: false };
    const missing = () => {
      throw new Error("is neither a type of a primitive operation nor a name of a function registered");
    };
    expect(taken(missing)).toEqual(none);
    expect(taken(changed((value) => value + 1e-3))).toEqual(none);
    expect(taken(changed(() => Number.NaN))).toEqual(none);
    // What a mask hides is to be zero, not almost.
    expect(taken(changed((value) => value || 1e-20)).softmax).toBe(false);
    vi.stubEnv("TF_ENABLE_ONEDNN_OPTS", "0");
    expect(taken()).toEqual(none);
    vi.unstubAllEnvs();
    vi.spyOn(native(), "isUsingGpuDevice", "get").mockReturnValue(true);
    expect(taken()).toEqual(none);
  });

  test.each([1, 5, 128])("give what the plain operators give: %i columns", async (columns) => {
    if (!tf.getKernel(LAYER_NORM, "tensorflow"))
      return console.warn("NOT TESTED: oneDNN is not part of this TensorFlow");
    const [x, scale, offset] = [[7, columns], [columns], [columns]].map((shape, seed) =>
      tf.randomNormal(shape, 1, 3, "float32", seed + 1),
    );
    const differences = tf.tidy(() => {
      const normed = tf.engine().runKernel(LAYER_NORM, { x, scale, offset }, { epsilon: 1e-5 }) as tf.Tensor;
      const { mean, variance } = tf.moments(x, 1, true);
      const plain = tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), scale), offset);
      const exponentials = tf.exp(tf.sub(x, tf.max(x, 1, true)));
      const softmax = tf.div(exponentials, tf.sum(exponentials, 1, true));
      return [tf.sub(normed, plain), tf.sub(tf.softmax(x), softmax)].map((difference) => tf.max(tf.abs(difference)));
    });
    for (const difference of differences) expect((await difference.data())[0]).toBeLessThan(1e-5);
    tf.dispose([x, scale, offset, ...differences]);
  });
});
