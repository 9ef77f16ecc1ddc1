import type { Cloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { WebAssembly } from "../machine/support/webAssembly";
import { KERNEL_BINARY } from "./kernelBinary";

/** What lib/kernels/geometry exports; see there. Arguments `...At` are places in memory, in bytes; a boolean goes as a number. */
interface KernelExports {
  memory: { buffer: ArrayBuffer };
  reserve(bytes: number): number;
  topOfMemory(): number;
  release(toAt: number): void;
  sumUp(
    valuesAt: number,
    isDouble: boolean,
    points: number,
    dimension: number,
    weightsAt: number,
    lengthsAt: number,
    sumsAt: number,
  ): void;
  center(
    valuesAt: number,
    isDouble: boolean,
    points: number,
    dimension: number,
    stride: number,
    originAt: number,
    scale: number,
    centeredAt: number,
    lengthsAt: number,
  ): void;
  cosines(
    valuesAt: number,
    isDouble: boolean,
    points: number,
    dimension: number,
    pairsAt: number,
    cosinesAt: number,
  ): void;
  dotProducts(rowsAt: number, count: number, length: number, productsAt: number): void;
  symmetricProduct(matrixAt: number, stride: number, length: number, vectorAt: number, resultAt: number): void;
  subtractPair(matrixAt: number, stride: number, length: number, aAt: number, bAt: number): void;
  hashOnto(valuesAt: number, points: number, columns: number, hashesAt: number): void;
  beginNeighbors(
    valuesAt: number,
    isDouble: boolean,
    points: number,
    dimension: number,
    normsAt: number,
    originalsAt: number,
    relativeError: number,
    listed: number,
    ranksAt: number,
    rankCount: number,
  ): void;
  findNeighbors(first: number, count: number, gramAt: number, indicesAt: number, distancesAt: number): void;
  beginSelection(length: number): void;
  selectedValues(): number;
  selectedOrder(): number;
  binValues(wanted: number, skipped: number): number;
  takeUpTo(limit: number, skipped: number): number;
  sortTaken(): void;
}

type Numbers = Float32Array | Float64Array | Int32Array;

/** WebAssembly addresses 4 GiB; some of it is for what goes with a cloud. */
const LARGEST_CLOUD = 3.5 * 2 ** 30;

/** WebAssembly's memory never shrinks: of one beyond this, another takes the place when it is no longer needed. */
const KEPT_BYTES = 2 ** 28;

/**
 * The inner loops of the geometry with the memory that they work in. The cloud that was asked for last stays there; what is
 * put beside it is gone after each {@link inKernelMemory}.
 */
export class KernelMemory {
  readonly call: KernelExports = new WebAssembly.Instance(compiled()).exports as KernelExports;
  private readonly bottom = this.call.topOfMemory();
  private cloud?: Cloud;
  private cloudAt = 0;

  get bytes(): number {
    return this.call.memory.buffer.byteLength;
  }

  /** Where a cloud's values are. Nothing else can be in memory yet. */
  placeCloud(cloud: Cloud): number {
    if (this.cloud !== cloud) {
      this.cloud = undefined;
      this.call.release(this.bottom);
      this.cloudAt = this.place(cloud.values);
      this.cloud = cloud;
    }
    return this.cloudAt;
  }

  /** Puts an array into memory; says where. */
  place(array: Numbers): number {
    const at = this.reserve(array.byteLength);
    new Uint8Array(this.call.memory.buffer, at, array.byteLength).set(
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    );
    return at;
  }

  /** Makes room; says where. */
  reserve(bytes: number): number {
    return this.call.reserve(bytes) >>> 0;
  }

  /** Numbers in memory: a view, which more {@link reserve} may make useless. */
  float32(at: number, length: number): Float32Array {
    return new Float32Array(this.call.memory.buffer, at, length);
  }

  float64(at: number, length: number): Float64Array {
    return new Float64Array(this.call.memory.buffer, at, length);
  }

  int32(at: number, length: number): Int32Array {
    return new Int32Array(this.call.memory.buffer, at, length);
  }
}

let compiledOnce: object | undefined;
let shared: KernelMemory | undefined;

function compiled(): object {
  compiledOnce ??= new WebAssembly.Module(Buffer.from(KERNEL_BINARY, "base64"));
  return compiledOnce;
}

/**
 * Does some work on a cloud in WebAssembly.
 *
 * @param cloud as long as the same object is asked for, its values are taken to be the same
 * @param work gets the memory, the place of the cloud's values in it, and whether they are float64; has to be done when it
 * returns
 * @throws UserError if the cloud is too large
 */
export function inKernelMemory<Result>(
  cloud: Cloud,
  work: (memory: KernelMemory, valuesAt: number, isDouble: boolean) => Result,
): Result {
  const { values, points, dimension } = cloud;
  if (values.byteLength > LARGEST_CLOUD) {
    const size = (values.byteLength / 2 ** 30).toFixed(1);
    throw new UserError(
      `a cloud of ${points} points in ${dimension} dimensions has ${size} GiB; up to ${LARGEST_CLOUD / 2 ** 30} GiB can be measured`,
    );
  }
  if (shared && shared.bytes > Math.max(KEPT_BYTES, 2 * values.byteLength)) shared = undefined;
  shared ??= new KernelMemory();
  const memory = shared;
  const valuesAt = memory.placeCloud(cloud);
  const top = memory.call.topOfMemory();
  try {
    return work(memory, valuesAt, values.BYTES_PER_ELEMENT === 8);
  } finally {
    memory.call.release(top);
  }
}
