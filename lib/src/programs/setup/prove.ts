import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { LOG_VARIABLE } from "../../machine/backend/tensorflowRuntime";
import { UserError } from "../../machine/support/errors";
import { PROJECT_ROOT } from "../../machine/support/project";

/** What a fresh process found out about an addon. */
export interface Proof {
  /** TensorFlow's own version. */
  version: string;
  devices: string[];
  usesGpu: boolean;
  /** Largest difference of a 300 x 200 x 250 product of unit normal numbers from the cpu backend's, over the largest entry. */
  largestDeviation: number;
  /** Speed of a 1024 x 1024 x 1024 product (4096 on a GPU), in 10^9 operations a second. */
  gigaflops: number;
  /** What TensorFlow says about a GPU that it does not use, if it says something. */
  gpuProblem?: string;
}

/** The largest deviation that passes: float32 sums in another order differ by about 1e-6. */
export const LARGEST_DEVIATION: number = 1e-4;

/**
 * Loads the addon of a package folder in a process of its own and measures it there, so that a library that brings the
 * process down does no harm.
 *
 * @throws UserError with TensorFlow's own reason if it does not load or computes wrongly
 */
export function proveAddon(packageFolder: string): Proof {
  // Compiled JavaScript, also when this runs as TypeScript in a test.
  const program = join(PROJECT_ROOT, "lib/dist/programs/setup/proofProgram.js");
  const run = spawnSync(process.execPath, [program, packageFolder], {
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
    timeout: 600_000,
    env: { ...process.env, NODE_OPTIONS: "", TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? "1" },
  });
  if (process.env[LOG_VARIABLE]) process.stderr.write(run.stderr ?? "");
  const answer = /^PROOF (.*)$/m.exec(run.stdout ?? "")?.[1];
  if (run.status !== 0 || !answer) {
    throw new UserError(
      `the addon was built but does not work here: ${explainFailure(run.stderr ?? "", run.signal, run.error)}`,
    );
  }
  const proof = JSON.parse(answer) as Proof;
  if (!proof.usesGpu) proof.gpuProblem = explainMissingGpu(run.stderr);
  if (!(proof.largestDeviation <= LARGEST_DEVIATION)) {
    throw new UserError(
      `the addon computes wrongly: a product differs by ${proof.largestDeviation.toExponential(1)} of its largest entry from plain JavaScript`,
    );
  }
  return proof;
}

/** Why a process that loaded the addon ended badly, in words that say what to do where that is known. */
export function explainFailure(stderr: string, signal: NodeJS.Signals | null, error?: Error): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  if (signal === "SIGILL")
    return "this processor lacks AVX instructions, which TensorFlow's wheels need; keep the wasm backend";
  const glibcxx = /version [`'](GLIBC(?:XX)?_[\d.]+)' not found/.exec(stderr)?.[1];
  if (glibcxx)
    return `the system's libraries are too old (${glibcxx} is missing): use a newer distribution or an older --version`;
  const missing = /(lib[\w.+-]+): cannot open shared object file/.exec(stderr)?.[1];
  if (missing) return `the library ${missing} is missing: install it and run again`;
  const memory = /bad_alloc|out of memory|Cannot allocate memory/i.test(stderr);
  if (memory || signal === "SIGKILL") return "there is not enough memory to load TensorFlow (about 1 GB)";
  const reason = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.find((line) => line !== "");
  return reason ?? (signal ? `it was stopped by ${signal}` : (error?.message ?? "it gave no reason"));
}

/** TensorFlow's first warning or error about GPUs, without its time stamp and place in the source. */
export function explainMissingGpu(stderr: string): string | undefined {
  const line = stderr
    .split("\n")
    .find((text) => /^(?:[WE]\d{4}|.*: [WE] ).*(?:gpu|cuda|cudnn|dlopen|driver)/i.test(text));
  return line?.replace(/^.*?\.cc:\d+\]\s*/, "").trim();
}
