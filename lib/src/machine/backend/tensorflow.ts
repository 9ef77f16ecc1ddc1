import * as tf from "@tensorflow/tfjs-core";
import { messageOf } from "../support/errors";
import type { Backend, ValueCopying } from "./backendInterface";
import { type NativeBackend, setOneDnnKernels } from "./oneDnn";
import { findValueCopying } from "./tensorflowCopies";
import { findTensorflowAddon, prepareTensorflowRuntime, TENSORFLOW_PACKAGE } from "./tensorflowRuntime";

/** Users may have this one instead. */
const CPU_PACKAGE = "@tensorflow/tfjs-node";

let isSpedUp = false;
let copying: ValueCopying | undefined;

async function speedUp(): Promise<void> {
  if (isSpedUp || !(await tf.setBackend("tensorflow"))) return;
  const backend = tf.backend() as NativeBackend;
  setOneDnnKernels(backend);
  copying = findValueCopying(backend);
  isSpedUp = true;
}

/** The TensorFlow C library through the native addon of tfjs-node-gpu, or of tfjs-node if that is what is installed. */
export const tensorflow: Backend = {
  name: "tensorflow",
  async load() {
    prepareTensorflowRuntime();
    const addon = findTensorflowAddon();
    const problems = addon.installed ? [] : [`${TENSORFLOW_PACKAGE}: ${addon.why}`];
    for (const name of addon.installed ? [TENSORFLOW_PACKAGE, CPU_PACKAGE] : [CPU_PACKAGE]) {
      try {
        // danfojs-node brings another package under that name, without an addon: a third of a second to load in vain.
        if (require(`${name}/package.json`).name !== name) throw new Error("not installed");
        require(name);
        if (tf.findBackendFactory("tensorflow")) {
          await speedUp();
          return;
        }
        problems.push(`${name}: it registers no backend`);
      } catch (error) {
        const message = messageOf(error);
        problems.push(`${name}: ${message.includes("Cannot find module") ? "not installed" : message.split("\n")[0]}`);
      }
    }
    throw new Error(problems.join(", "));
  },
  async whyNoGpu() {
    const { installed, device } = findTensorflowAddon();
    if (!installed || device === "cpu") return "not built for a GPU";
    await this.load();
    const { isUsingGpuDevice } = tf.findBackend("tensorflow") as unknown as NativeBackend;
    return isUsingGpuDevice ? undefined : "TensorFlow finds no GPU that it can use";
  },
  valueCopying: () => copying,
  device() {
    const native = tf.backend() as unknown as NativeBackend;
    return `${native.isUsingGpuDevice ? "GPU" : "CPU"}, TensorFlow ${native.binding.TF_Version}`;
  },
};
