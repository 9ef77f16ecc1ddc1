import type { Backend } from "./backendInterface";
import { findBlas } from "./blas";
import { setWasmProducts, wasmBlas } from "./wasmMatMul";
import { setWasmSlice } from "./wasmSlice";

/**
 * WebAssembly with SIMD: one thread in Node, at most 4 GB of memory. Products go through a BLAS library of the
 * system, if there is one.
 */
export const wasm: Backend = {
  name: "wasm",
  async load() {
    require("@tensorflow/tfjs-backend-wasm");
    setWasmSlice();
    setWasmProducts(findBlas().blas);
  },
  device() {
    const blas = wasmBlas();
    return blas ? `WebAssembly, products by ${blas.name}` : "WebAssembly, one thread";
  },
  threads: () => wasmBlas()?.threads,
  // Where the tensor was made, they were written into the memory of the module.
  valueCopying: () => ({ offset: 0, copy: () => {} }),
};
