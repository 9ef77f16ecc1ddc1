import * as tf from "@tensorflow/tfjs-core";
import { messageOf, UserError } from "../support/errors";
import { MEMORY_VARIABLE } from "../support/memory";
import type { Backend } from "./backendInterface";
import {
  type AdapterDescription,
  describeAdapter,
  type Gpu,
  type GpuDevice,
  mayHaveCard,
  type WebGpuPackage,
} from "./webgpuAdapter";
import { findAdapter } from "./webgpuProbe";

const NAME = "webgpu";

/** Buffers that are free are kept for tensors of the same size, up to so many bytes; tfjs would keep all of them forever. */
const KEPT_FREE_BYTES = 2 ** 29;

/** Limits of a device are the lowest that WebGPU guarantees, unless more is asked for: 128 MiB a tensor, for one. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupsPerDimension",
];

interface GpuBuffer {
  size: number;
}

/** What is used of the backend object of tfjs-backend-webgpu. */
interface TfjsBackend {
  bufferManager: {
    numBytesUsed: number;
    numBytesAllocated: number;
    acquireBuffer(size: number, ...rest: unknown[]): GpuBuffer;
    releaseBuffer(buffer: GpuBuffer, reuse?: boolean): void;
  };
  tensorMap: { get(id: object): { values?: unknown } };
  read(id: object): Promise<unknown>;
  readSync(id: object): unknown;
}

/** A device in use. */
interface Session {
  adapter: AdapterDescription;
  /** Why it is of no more use; nothing while it is. */
  lost?: string;
  /** The first thing that went wrong since the last read: WebGPU goes on with zeros. */
  refusal?: string;
}

let session: Session | undefined;

/** Dawn itself. Never let go of: once it is collected as garbage, whatever came from it brings the process down. */
let gpu: Gpu | undefined;

/**
 * GPUs of all makers through WebGPU: Vulkan on Linux, Metal on macOS, Direct3D 12 on Windows. Values can be read with
 * `await tensor.data()` alone.
 */
export const webgpu: Backend = {
  name: NAME,
  onlyOnGpu: true,
  async load() {
    if (session && !session.lost) return;
    await findAdapter();
    session = await openSession();
  },
  async whyNoGpu() {
    if (!mayHaveCard()) return "no graphics card found";
    const { software, name } = describeAdapter(await findAdapter());
    return software ? `${name} is no graphics card, but a program` : undefined;
  },
  device() {
    const { name, driver, software } = session!.adapter;
    return [software ? "software" : "GPU", name, driver].filter(Boolean).join(", ");
  },
  isLost: () => session?.lost !== undefined,
};

async function openSession(): Promise<Session> {
  const { create, globals } = require("webgpu") as WebGpuPackage;
  Object.assign(globalThis, globals); // tfjs looks for GPUBufferUsage and the like there
  // Loaded while there is no navigator.gpu, or it would register a backend that opens a device of its own.
  const { WebGPUBackend } = require("@tensorflow/tfjs-backend-webgpu") as {
    WebGPUBackend: new (device: GpuDevice, info: unknown) => tf.KernelBackend & TfjsBackend;
  };
  gpu ??= create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }); // of two cards the faster one
  if (!adapter) throw new Error("no graphics adapter");
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  // A process that ends while the GPU is at work would crash in some of its runs, whatever exit code it wanted to have.
  process.once("exit", () => device.destroy());
  const opened: Session = { adapter: describeAdapter(adapter.info) };
  device.lost.then(({ message }) => {
    opened.lost = message.split("\n")[0] || "no reason given";
  });
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault(); // or Dawn prints it
    opened.refusal ??= event.error.message.split("\n")[0];
  });
  const backend = withNavigator({ gpu }, () => new WebGPUBackend(device, adapter.info));
  // Small tensors would be computed by plain JavaScript: other digits, by their size.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  guard(backend, device, opened);
  if (tf.findBackendFactory(NAME)) tf.removeBackend(NAME); // one that was lost
  tf.registerBackend(NAME, () => backend);
  return opened;
}

/** The backend's constructor wants to see `navigator.gpu`, as in a browser; nobody else has to. */
function withNavigator<Result>(navigator: { gpu: Gpu }, use: () => Result): Result {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  try {
    return use();
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
}

/** Makes errors of what would be zeros or nonsense, and gives memory back. */
function guard(backend: TfjsBackend, device: GpuDevice, state: Session): void {
  const { bufferManager } = backend;
  const acquire = bufferManager.acquireBuffer.bind(bufferManager);
  const release = bufferManager.releaseBuffer.bind(bufferManager);
  const read = backend.read.bind(backend);
  const readSync = backend.readSync.bind(backend);
  const largest = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  const throwIfFailed = () => {
    const { lost, refusal } = state;
    state.refusal = undefined;
    if (lost !== undefined) throw lostError(lost);
    if (refusal === undefined) return;
    const remedy = /memory/i.test(refusal) ? `; a lower ${MEMORY_VARIABLE} (GiB) lets a model run block by block` : "";
    throw new UserError(`the GPU refused to compute: ${refusal}${remedy}`);
  };
  bufferManager.acquireBuffer = (size, ...rest) => {
    if (state.lost !== undefined) throw lostError(state.lost);
    if (size > largest) {
      const [asked, allowed] = [size, largest].map((bytes) => (bytes / 2 ** 30).toFixed(2));
      throw new UserError(
        `a tensor of ${asked} GiB is more than this GPU takes at once (${allowed} GiB): use fewer tokens or points, or another backend`,
      );
    }
    return acquire(size, ...rest);
  };
  bufferManager.releaseBuffer = (buffer, reuse = true) => {
    const free = bufferManager.numBytesAllocated - bufferManager.numBytesUsed;
    release(buffer, reuse && free + buffer.size <= KEPT_FREE_BYTES);
  };
  backend.read = async (id) => {
    let values: unknown;
    let failure: unknown;
    try {
      values = await read(id);
    } catch (error) {
      failure = error;
      await new Promise((resolve) => setImmediate(resolve)); // Its reason may come after it.
    }
    throwIfFailed();
    if (failure) throw new UserError(`the GPU gave no values back (${messageOf(failure)}): run it again`);
    return values;
  };
  backend.readSync = (id) => {
    if (backend.tensorMap.get(id).values) return readSync(id);
    throw new UserError("the backend webgpu gives values only to `await tensor.data()`, not to dataSync() or print()");
  };
}

function lostError(reason: string): UserError {
  return new UserError(`the GPU was lost (${reason}): run it again, or with another backend (--backend wasm)`);
}
