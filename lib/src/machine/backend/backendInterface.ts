import type { Tensor } from "@tensorflow/tfjs-core";

/** One way to run tensor operations: a tfjs backend with what it needs to be loaded. */
export interface Backend {
  name: BackendName;
  /** Loads the backend, so that `tf.setBackend(name)` can find it. @throws if it is not installed or does not start */
  load(): Promise<void>;
  /** What it runs on, for people: "CPU, TensorFlow 2.21.0". Called once it is loaded. */
  device(): string;
  /** How many threads it takes, where that is not part of the device but set from outside. */
  threads?(): number | undefined;
  /** Why it would not compute on a graphics card here; nothing if it would. Quick where there is no card. Without it, never. */
  whyNoGpu?(): Promise<string | undefined>;
  /** Whether it is left alone where it would not, unless it was asked for. */
  onlyOnGpu?: boolean;
  /** How it copies the values of a new tensor at once, so that their array can be filled anew; undefined if it goes on using the array. */
  valueCopying?(): ValueCopying | undefined;
  /** Whether its device has gone since it was loaded, so that it has to be loaded again. */
  isLost?(): boolean;
}

export interface ValueCopying {
  /** By how many values an array has to begin after where memory is aligned. */
  offset: number;
  /** To be called before the array of a new tensor is filled anew. */
  copy(tensor: Tensor): void;
}

export type BackendName = "tensorflow" | "webgpu" | "wasm" | "cpu";
