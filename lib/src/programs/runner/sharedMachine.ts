import { availableParallelism } from "node:os";
import { threadsOfEach, WORKERS_VARIABLE } from "../../machine/experiment/pool";
import { MEMORY_VARIABLE, memoryBudget } from "../../machine/support/memory";

/** How many notebooks are executed at once by default: each takes up some 300 MB. */
export function affordableNotebooks(): number {
  return Math.min(2, availableParallelism());
}

/**
 * Environment variables by which kernels that run at the same time share the cores and the memory, should they have to
 * compute. What the user has set stays.
 *
 * @param kernels how many there are; none for one, which may have the whole machine
 */
export function shareOfMachine(kernels: number): Record<string, string> {
  if (kernels <= 1) return {};
  const workers = Math.max(1, Math.floor(availableParallelism() / kernels));
  const shares = {
    [WORKERS_VARIABLE]: String(workers),
    [MEMORY_VARIABLE]: String(memoryBudget("") / kernels / 2 ** 30),
    ...(workers === 1 ? threadsOfEach(kernels) : {}), // more workers are given their threads by the kernel
  };
  return Object.fromEntries(Object.entries(shares).filter(([name]) => !process.env[name]));
}
