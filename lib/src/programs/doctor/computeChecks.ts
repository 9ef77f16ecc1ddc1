import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { BACKEND_VARIABLE, BACKENDS, describeDevice } from "../../machine/backend/backend";
import { BLAS_VARIABLE, type BlasSearch } from "../../machine/backend/blas";
import { findGpuDriver } from "../setup/gpu";
import type { Finding } from "./finding";
import type { BackendMeasurement } from "./measureBackend";

/** A backend that has not answered by then is taken for dead. */
const LIMIT_SECONDS = 120;

/** What to do about a backend that is missing; the others come with `npm ci`. */
const REMEDIES: Record<string, string> = {
  tensorflow: "npm run setup:tensorflow (several times as fast; see docs/tensorflow.md)",
  webgpu: "nothing has to be done; for a graphics card without CUDA, install its driver (see environment.md)",
  wasm: `npm ci; if a BLAS library is at fault, ${BLAS_VARIABLE}=off`,
  cpu: "npm ci",
};

/** Every backend, each in a process of its own, with its speed. One that works is needed. */
export async function checkBackends(): Promise<Finding[]> {
  const findings: Finding[] = [];
  const working: BackendMeasurement[] = [];
  for (const { name, onlyOnGpu } of BACKENDS) {
    const measured = await measureInOwnProcess(name);
    const title = `backend ${name}`;
    const facts = { ...measured };
    if (measured.works) {
      const { device = "", threads, gigaflops = 0, size } = measured;
      const rate = `${gigaflops.toPrecision(3)} GFLOP/s (float32 product of ${size} x ${size})`;
      const found = `${describeDevice({ device, threads })}: ${rate}`;
      const todo = onlyOnGpu && !onGpu(measured) ? "no program takes it unless asked to: it is slow" : undefined;
      findings.push({ name: title, state: todo ? "note" : "ok", found, todo, facts });
      if (!todo) working.push(measured);
    } else {
      const todo = REMEDIES[name] ?? "see environment.md";
      const state = onlyOnGpu ? "note" : "gap";
      findings.push({ name: title, state, found: measured.why ?? "does not work", todo, facts });
    }
  }
  const best = working.find(onGpu) ?? working[0];
  const wish = process.env[BACKEND_VARIABLE];
  const chosen = wish && wish !== "auto" ? `${wish}, because ${BACKEND_VARIABLE} says so` : best?.name;
  if (!best) findings.push({ name: "backend", state: "broken", found: "none works", todo: "npm ci" });
  else findings.push({ name: "backend", state: "ok", found: `programs take ${chosen}`, facts: { chosen } });
  return findings;
}

function onGpu({ device }: BackendMeasurement): boolean {
  return device?.startsWith("GPU") ?? false;
}

async function measureInOwnProcess(name: string): Promise<BackendMeasurement> {
  const { answer, why } = await askInOwnProcess<BackendMeasurement>(name);
  return answer ?? { name, works: false, why };
}

/** Has the program of measureBackend.ts find something out: what may end a process must not end this one. */
function askInOwnProcess<Answer>(
  question: string,
): Promise<{ answer: Answer; why?: undefined } | { answer?: undefined; why: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(__dirname, "measureBackend.js"), question], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT_SECONDS * 1000,
      killSignal: "SIGKILL",
    });
    let [output, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors = (errors + text).slice(-2000);
    });
    child.on("error", (error) => resolve({ why: error.message }));
    child.on("close", (code, signal) => {
      const line = output.trim().split("\n").at(-1) ?? "";
      if (code === 0 && line.startsWith("{")) return resolve({ answer: JSON.parse(line) as Answer });
      const last = errors.trim().split("\n").at(-1);
      const how = signal ? `its process was ended by ${signal}` : `its process ended with exit code ${code}`;
      resolve({ why: last ? `${how}: ${last}` : how });
    });
  });
}

/** The library that does the products of the backend wasm. None is needed. */
export async function checkBlas(): Promise<Finding[]> {
  const name = "BLAS";
  const { answer, why } = await askInOwnProcess<BlasSearch>("blas");
  const without = `set ${BLAS_VARIABLE}=off to do without it`;
  if (!answer) return [{ name, state: "gap", found: why, todo: without }];
  if (answer.blas) {
    const { library, threads } = answer.blas;
    const found = `${describeDevice({ device: answer.blas.name, threads })} (${library}): products of the backend wasm`;
    return [{ name, state: "ok", found, facts: { ...answer.blas } }];
  }
  const todo =
    "nothing has to be done; with OpenBLAS (npm run setup:blas, 8 MB; or Debian's libopenblas0) products of the backend wasm are faster";
  return [{ name, state: "note", found: answer.why, todo }];
}

/** Graphics cards. None is needed. */
export function checkGpu(): Finding[] {
  const name = "GPU";
  const { present, cards } = findGpuDriver();
  if (cards.length > 0) {
    const found = cards.map((card) => `${card} (name, compute capability, driver)`).join("; ");
    return [{ name, state: "ok", found, facts: { cards } }];
  }
  if (present) {
    const todo = "see whether nvidia-smi works: a container may have to be started with access to the GPU";
    return [{ name, state: "gap", found: "NVIDIA's driver is there, but shows no card", todo, facts: { cards } }];
  }
  const others = existsSync("/dev/dri") ? readdirSync("/dev/dri").filter((file) => file.startsWith("render")) : [];
  const found =
    others.length > 0
      ? `no NVIDIA card; /dev/dri/${others[0]} is there`
      : "no NVIDIA driver found; the processor computes";
  return [
    { name, state: "note", found, todo: "nothing has to be done; for a card, install its driver", facts: { others } },
  ];
}
