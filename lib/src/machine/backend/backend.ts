import * as tf from "@tensorflow/tfjs-core";
import { messageOf, UserError } from "../support/errors";
import type { Backend, BackendName, ValueCopying } from "./backendInterface";
import { BLAS_VARIABLE } from "./blas";
import { cpu } from "./cpu";
import { tensorflow } from "./tensorflow";
import { wasm } from "./wasm";
import { webgpu } from "./webgpu";

/** What was chosen, and why the ones that come before it were passed over. */
export interface BackendChoice {
  name: BackendName;
  device: string;
  /** How many threads it takes, if that is known; no part of the device, since numbers do not depend on it. */
  threads?: number;
  passedOver: { name: BackendName; why: string }[];
}

/**
 * In the order of preference; but one that drives a graphics card comes before those that do not. To add a backend: one
 * file beside this one, one entry here.
 */
export const BACKENDS: readonly Backend[] = [tensorflow, webgpu, wasm, cpu];

/** The environment variable that names a backend for every program of the project. */
export const BACKEND_VARIABLE = "TOKEN_GEOMETRY_BACKEND";

let chosen: BackendChoice | undefined;
/** What {@link BLAS_VARIABLE} said at that time. */
let chosenWithBlas: string | undefined;

/**
 * Makes the first backend that really works the current one of tfjs: it is loaded and has to get a small product right.
 *
 * @param requested a backend's name; without it, or with "auto", the environment variable TOKEN_GEOMETRY_BACKEND counts
 * @throws UserError if the name is unknown, or the backend that was asked for does not work
 * @example (await chooseBackend("wasm")).name; // "wasm"
 */
export async function chooseBackend(requested?: string): Promise<BackendChoice> {
  const named = requested && requested !== "auto";
  const wish = named ? requested : process.env[BACKEND_VARIABLE] || "auto";
  if (wish !== "auto" && !BACKENDS.some((backend) => backend.name === wish)) {
    const known = BACKENDS.map((backend) => backend.name).join(", ");
    const source = named ? "" : ` in ${BACKEND_VARIABLE}`;
    throw new UserError(`unknown backend "${wish}"${source}: choose auto or one of ${known}`);
  }
  const blas = process.env[BLAS_VARIABLE];
  const isCurrent = chosen && tf.getBackend() === chosen.name && blas === chosenWithBlas && !isLost(chosen);
  if (chosen && isCurrent && (wish === "auto" || wish === chosen.name)) return chosen;
  tf.enableProdMode(); // Without it tfjs prints advice to install other packages.
  const passedOver: BackendChoice["passedOver"] = [];
  for (const backend of wish === "auto" ? await gpuFirst() : BACKENDS.filter(({ name }) => name === wish)) {
    try {
      const why = wish === "auto" && backend.onlyOnGpu && (await backend.whyNoGpu?.());
      if (why) throw new Error(why);
      await backend.load();
      if (!(await tf.setBackend(backend.name))) throw new Error("tfjs could not start it");
      await proveBackend();
      const threads = backend.threads?.();
      chosen = { name: backend.name, device: backend.device(), ...(threads && { threads }), passedOver };
      chosenWithBlas = blas;
      return chosen;
    } catch (error) {
      if (error instanceof UserError) throw error;
      passedOver.push({ name: backend.name, why: messageOf(error).replaceAll(/\s*\n\s*/g, " ") });
    }
  }
  const reasons = passedOver.map(({ name, why }) => `${name}: ${why}`).join("; ");
  throw new UserError(`no backend works here (${reasons})`);
}

/** The backend that is in use; the one that {@link chooseBackend} gives, if none is yet. */
export async function currentBackend(): Promise<BackendChoice> {
  return chosen && tf.getBackend() === chosen.name ? chosen : chooseBackend();
}

/** In the order of preference, but the first that drives a graphics card before all others. */
async function gpuFirst(): Promise<readonly Backend[]> {
  for (const backend of BACKENDS) {
    const why = backend.whyNoGpu ? await backend.whyNoGpu().catch(messageOf) : "never";
    if (why === undefined) return [backend, ...BACKENDS.filter((other) => other !== backend)];
  }
  return BACKENDS;
}

/** How the current backend copies the values of a new tensor at once; undefined if it goes on using their array. */
export function valueCopying(): ValueCopying | undefined {
  return BACKENDS.find(({ name }) => name === tf.getBackend())?.valueCopying?.();
}

function isLost({ name }: BackendChoice): boolean {
  return BACKENDS.find((backend) => backend.name === name)?.isLost?.() ?? false;
}

/** One line for people: what was chosen, on which device, and why the ones before it were passed over. */
export function describeBackend(choice: BackendChoice): string {
  const reasons = choice.passedOver.map(({ name, why }) => `${name} passed over: ${why}`);
  return [`backend ${choice.name} (${describeDevice(choice)})`, ...reasons].join("; ");
}

/** The device with its number of threads, for people: "WebAssembly, products by OpenBLAS 0.3.21, 1 thread". */
export function describeDevice({ device, threads }: Pick<BackendChoice, "device" | "threads">): string {
  return threads === undefined ? device : `${device}, ${threads} thread${threads === 1 ? "" : "s"}`;
}

async function proveBackend(): Promise<void> {
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])));
  const values = await product.data();
  product.dispose();
  if (values.join() !== "19,22,43,50") throw new Error(`a 2 x 2 product came out as [${values}]`);
}
