import { existsSync } from "node:fs";
import { join } from "node:path";
import { userCache } from "../support/userCache";

/** Where `npm run setup:blas` puts the library. */
export function blasFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(userCache(environment), "blas");
}

/** The file in it: OpenBLAS as SciPy has it built, whose functions have names of their own. */
export const BLAS_FILE: string = "libscipy_openblas.so";

/** The library that was set up for this user; undefined if none was. */
export function installedBlas(): string | undefined {
  const path = join(blasFolder(), BLAS_FILE);
  return existsSync(path) ? path : undefined;
}
