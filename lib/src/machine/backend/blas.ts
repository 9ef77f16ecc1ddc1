import { existsSync } from "node:fs";
import { basename } from "node:path";
import { messageOf, UserError } from "../support/errors";
import { installedBlas } from "./installedBlas";
import { type Multiplier, prove, type Sgemm } from "./products";

/** The environment variable that names a BLAS library (a path, or a name that the system knows), or says "off". */
export const BLAS_VARIABLE = "TOKEN_GEOMETRY_BLAS";

/** A library of the system that multiplies float32 matrices, often several times as fast as WebAssembly does. */
export interface Blas extends Multiplier {
  /** For people: "OpenBLAS 0.3.21". */
  name: string;
  /** How many threads a product may take, if the library tells. */
  threads?: number;
  /** How it was found: a path, or a name that the system's loader knows. */
  library: string;
}

/** What became of the search: a library, or why there is none. */
export type BlasSearch = { blas: Blas; why?: undefined } | { blas?: undefined; why: string };

/**
 * Where a library may be found, best first. Not among them, but to be named by the variable: libblas.so.3, which can be the
 * reference implementation, and libblis.so.4, which on a processor newer than itself falls back to plain loops; both are then
 * slower than WebAssembly. Libraries of 64-bit integers have other names for their functions, and cannot be used.
 */
const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    "libopenblas.so.0",
    "libopenblasp.so.0",
    "libopenblaso.so.0",
    "libopenblas.so",
    "libmkl_rt.so.3",
    "libmkl_rt.so.2",
    "libmkl_rt.so.1",
    "libmkl_rt.so",
  ],
  darwin: [
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "/usr/local/opt/openblas/lib/libopenblas.dylib",
  ],
  win32: ["libopenblas.dll", "openblas.dll", "mkl_rt.3.dll", "mkl_rt.2.dll"],
};

const found = new Map<string, BlasSearch>();

/**
 * The BLAS library of this machine, opened and proved once: the one that TOKEN_GEOMETRY_BLAS names, else the first that
 * multiplies right of the one that `npm run setup:blas` has brought and the usual ones of the system.
 *
 * @throws UserError if the variable names a library that cannot be used
 */
export function findBlas(): BlasSearch {
  const wish = process.env[BLAS_VARIABLE] ?? "";
  const known = found.get(wish);
  if (known) return known;
  const search = wish === "" ? searchUsual() : searchNamed(wish);
  found.set(wish, search);
  return search;
}

function searchUsual(): BlasSearch {
  const candidates = [installedBlas() ?? [], LIBRARIES[process.platform] ?? []].flat();
  const problems: string[] = [];
  for (const library of candidates) {
    try {
      return { blas: openBlas(library) };
    } catch (error) {
      if (!(error instanceof NotThere)) problems.push(`${library}: ${messageOf(error)}`);
    }
  }
  return { why: problems[0] ?? "no library found" };
}

function searchNamed(wish: string): BlasSearch {
  if (wish === "off") return { why: `${BLAS_VARIABLE} says off` };
  try {
    return { blas: openBlas(wish) };
  } catch (error) {
    const reason = messageOf(error).replaceAll(/\s*\n\s*/g, " ");
    throw new UserError(
      `${BLAS_VARIABLE} names ${wish}, which cannot be used (${reason}): correct it, or set it to off`,
    );
  }
}

/** A library is not on this machine. */
class NotThere extends Error {}

type Library = ReturnType<typeof import("koffi").load>;

/**
 * Opens a library and proves it.
 * @throws if it is not there, not a BLAS library of 32-bit integers, or multiplies wrong
 */
export function openBlas(library: string): Blas {
  const { load } = requireKoffi();
  let opened: Library;
  try {
    opened = load(library);
  } catch (error) {
    if (
      library.includes("/") ? !existsSync(library) : /cannot open|no such file|not be found/i.test(messageOf(error))
    ) {
      throw new NotThere("there is no such file");
    }
    throw error;
  }
  const prefix = prefixOf(opened);
  const sgemm = opened.func(`void ${prefix}cblas_sgemm(${SGEMM_ARGUMENTS})`) as unknown as Sgemm;
  const blas: Blas = { ...describe(opened, library, prefix), library, sgemm };
  prove(blas);
  return blas;
}

const SGEMM_ARGUMENTS =
  "int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int";

/** What stands before the names of all functions: "scipy_" in SciPy's build of OpenBLAS. */
function prefixOf(opened: Library): string {
  try {
    opened.func("void scipy_cblas_sgemm()");
    return "scipy_";
  } catch {
    return "";
  }
}

function requireKoffi(): typeof import("koffi") {
  try {
    return require("koffi");
  } catch (error) {
    throw new Error(`the package koffi cannot be loaded: ${messageOf(error).split("\n")[0]}`);
  }
}

/** Name, version and number of threads, by the functions in which the implementations differ. */
function describe(opened: Library, library: string, prefix: string): { name: string; threads?: number } {
  const ask = <Answer>(definition: string, ...parameters: unknown[]): Answer | undefined => {
    try {
      return opened.func(definition)(...parameters);
    } catch {
      return undefined; // Another implementation.
    }
  };
  const openBlas = ask<string>(`const char *${prefix}openblas_get_config()`);
  if (openBlas !== undefined) {
    if (openBlas.includes("USE64BITINT")) throw new Error("it is built for 64-bit integers");
    const version = /^OpenBLAS (\S+)/.exec(openBlas)?.[1] ?? "of an unknown version";
    return { name: `OpenBLAS ${version}`, threads: ask<number>(`int ${prefix}openblas_get_num_threads()`) };
  }
  const mklThreads = ask<number>("int MKL_Get_Max_Threads()");
  if (mklThreads !== undefined) {
    const text = Buffer.alloc(200);
    ask("void MKL_Get_Version_String(_Out_ uint8_t *text, int length)", text, text.length);
    return { name: `MKL ${/[\d.]{3,}/.exec(text.toString("latin1"))?.[0] ?? ""}`.trim(), threads: mklThreads };
  }
  const blis = ask<string>("const char *bli_info_get_version_str()");
  if (blis !== undefined) return { name: `BLIS ${blis}`, threads: ask<number>("int64_t bli_thread_get_num_threads()") };
  return { name: basename(library) };
}
