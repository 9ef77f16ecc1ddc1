import { setFlagsFromString } from "node:v8";
import { WebAssembly } from "../support/webAssembly";
import { FUSED_PRODUCTS, PLAIN_PRODUCTS } from "./productBinaries";
import { type Multiplier, PROOF_VALUES, prove, TRANSPOSED } from "./products";
import { reserveOnHeap, type WasmBackend } from "./wasmHeap";

/** What lib/kernels/products exports; see there. Arguments `...At` are places in memory, in bytes. */
interface ProductExports {
  workspaceBytes(): number;
  multiply(
    rows: number,
    columns: number,
    inner: number,
    leftAt: number,
    isLeftTransposed: boolean,
    rightAt: number,
    isRightTransposed: boolean,
    resultAt: number,
    add: boolean,
    workspaceAt: number,
  ): void;
}

/** Node 20 knows relaxed SIMD, but only where it is told to. */
const RELAXED_SIMD = "--experimental-wasm-relaxed-simd";

/** Vectors that lie across two lines of the cache take twice as long to load: a quarter of the speed. */
const CACHE_LINE = 64;

const opened = new WeakMap<WasmBackend, Multiplier>();

/**
 * Products of float32 matrices that lie in the memory of tfjs's backend for WebAssembly, by lib/kernels: twice as fast as
 * those of the backend where the processor has a fused multiply-add, and as fast for transposed matrices as for plain ones, where the
 * backend's own are ten times slower.
 *
 * @throws if they multiply wrong, or there is no room for what they work in
 */
export function wasmProducts(backend: WasmBackend): Multiplier {
  const known = opened.get(backend);
  if (known) return known;
  const problems: string[] = [];
  for (const binary of binaries()) {
    try {
      const multiplier = openWasmProducts(backend, binary);
      opened.set(backend, multiplier);
      return multiplier;
    } catch (error) {
      problems.push(String(error));
    }
  }
  throw new Error(`WebAssembly's products cannot be used: ${problems.join("; ")}`);
}

/** What this version of Node can run, fastest first. */
function binaries(): Uint8Array[] {
  const [fused, plain] = [FUSED_PRODUCTS, PLAIN_PRODUCTS].map((text) => Buffer.from(text, "base64"));
  if (!WebAssembly.validate(fused)) setFlagsFromString(RELAXED_SIMD);
  return WebAssembly.validate(fused) ? [fused, plain] : [plain];
}

/**
 * The products of one of the binaries.
 * @throws if they multiply wrong, there is no room for what they work in, or this version of Node cannot run it
 */
export function openWasmProducts(backend: WasmBackend, binary: Uint8Array): Multiplier {
  const { wasm } = backend;
  const module = new WebAssembly.Module(binary);
  const kernels = new WebAssembly.Instance(module, { env: { memory: wasm.asm.memory } }).exports as ProductExports;
  const workspaceAt =
    Math.ceil(reserveOnHeap(backend, kernels.workspaceBytes() + CACHE_LINE) / CACHE_LINE) * CACHE_LINE;
  const multiplier: Multiplier = {
    sgemm(_order, left, right, rows, columns, inner, _alpha, a, _aStride, b, _bStride, beta, c) {
      kernels.multiply(
        rows,
        columns,
        inner,
        a.byteOffset,
        left === TRANSPOSED,
        b.byteOffset,
        right === TRANSPOSED,
        c.byteOffset,
        beta !== 0,
        workspaceAt,
      );
    },
  };
  const proofAt = reserveOnHeap(backend, 4 * PROOF_VALUES);
  try {
    prove(multiplier, new Float32Array(wasm.HEAPU8.buffer, proofAt, PROOF_VALUES));
  } finally {
    wasm._free(proofAt);
  }
  return multiplier;
}
