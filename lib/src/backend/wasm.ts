import type { Backend } from "./backend";

/** WebAssembly with SIMD: one thread in Node, at most 4 GB of memory. */
export const wasm: Backend = {
  name: "wasm",
  async load() {
    require("@tensorflow/tfjs-backend-wasm");
  },
  device: () => "WebAssembly, one thread",
};
