import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { UserError } from "../../machine/support/errors";

/** What is known about NVIDIA GPUs without any library of ours. */
export interface GpuDriver {
  present: boolean;
  /** "NVIDIA H100, 9.0, 550.54.15" a card: name, compute capability, driver. */
  cards: string[];
}

const DRIVER_FILES: readonly string[] = [
  "/usr/lib/x86_64-linux-gnu/libcuda.so.1",
  "/usr/lib/aarch64-linux-gnu/libcuda.so.1",
  "/usr/lib64/libcuda.so.1",
  "/usr/lib/libcuda.so.1",
  "/usr/lib/wsl/lib/libcuda.so.1",
  "/run/opengl-driver/lib/libcuda.so.1",
];

/** Looks for NVIDIA's driver: nvidia-smi, else the library libcuda.so.1. */
export function findGpuDriver(environment: NodeJS.ProcessEnv = process.env): GpuDriver {
  const query = ["--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"];
  const list = spawnSync("nvidia-smi", query, { env: environment, encoding: "utf8" });
  const cards = list.status === 0 ? list.stdout.trim().split("\n").filter(Boolean) : [];
  if (cards.length > 0) return { present: true, cards };
  const linker = spawnSync("ldconfig", ["-p"], { env: environment, encoding: "utf8" });
  const known = (linker.stdout ?? "").includes("libcuda.so.1") || DRIVER_FILES.some((file) => existsSync(file));
  return { present: known, cards };
}

/** @throws UserError if there is no driver */
export function requireGpuDriver(driver: GpuDriver): void {
  if (driver.present) return;
  throw new UserError(
    "no NVIDIA driver found (neither nvidia-smi nor libcuda.so.1): install the driver for your card (CUDA itself is not needed), or set up the processor version with --cpu",
  );
}
