import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { UserError } from "../../machine/support/errors";
import { PROJECT_ROOT } from "../../machine/support/project";

/** A C++ compiler that was found on this machine. */
export interface Compiler {
  command: string;
  /** Its first line about itself: "g++ (Debian 12.2.0-14) 12.2.0". */
  version: string;
}

/**
 * The system's C++ compiler: what the environment variable CXX names, else c++, g++ or clang++.
 * @throws UserError that says how to get one if there is none
 */
export function findCompiler(environment: NodeJS.ProcessEnv = process.env): Compiler {
  const named = environment.CXX?.trim();
  for (const command of named ? [named] : ["c++", "g++", "clang++"]) {
    const [program, ...first] = command.split(/\s+/);
    const run = spawnSync(program, [...first, "--version"], { env: environment, encoding: "utf8" });
    if (run.status === 0) return { command, version: run.stdout.split("\n")[0].trim() };
  }
  if (named)
    throw new UserError(`the compiler that CXX names does not run (${named}): correct it or unset CXX, and run again`);
  throw new UserError(
    "no C++ compiler found: install one and run again (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; Arch: pacman -S gcc; " +
      "openSUSE: zypper install gcc-c++; macOS: xcode-select --install)",
  );
}

/**
 * The folder with node_api.h: of the npm package node-api-headers, else of the Node installation itself. The interface is the
 * same for every Node since 16 (Node-API 8), so any of them serves.
 * @throws UserError if there is neither
 */
export function findNodeHeaders(
  resolve: (name: string) => string = require.resolve,
  execPath: string = process.execPath,
): string {
  const candidates = [join(dirname(dirname(execPath)), "include", "node")];
  try {
    candidates.unshift(join(dirname(resolve("node-api-headers/package.json")), "include"));
  } catch {
    // Not installed: the headers that come with Node will do.
  }
  const found = candidates.find((folder) => existsSync(join(folder, "node_api.h")));
  if (found) return found;
  throw new UserError(
    "the headers of Node's native interface (node_api.h) are missing: run npm ci in the project's folder and try again",
  );
}

/** What is compiled, from what, and where to. */
export interface CompileJob {
  compiler: Compiler;
  /** The folder with the sources of tfjs-node-gpu's addon. */
  sources: string;
  includes: string[];
  /** TensorFlow's libraries, as paths; the addon itself is put beside them. */
  libraries: string[];
  /** Where Node looks for the addon: gets a small loader. */
  output: string;
  system: "linux" | "macos";
}

/** The file that holds the addon of tfjs-node-gpu, beside the libraries. */
export const ADDON_CORE: string = "tfjs_binding_core.node";

/** Our own loader in front of the addon; the path holds for the sources and for the compiled lib. */
const LOADER_SOURCE = join(PROJECT_ROOT, "lib", "native", "addonLoader.cc");

/**
 * Compiles the addon of tfjs-node-gpu and the loader in front of it; takes about ten seconds.
 * @throws UserError with the compiler's first complaint
 */
export function compileAddon(job: CompileJob): void {
  const folder = dirname(job.libraries[0]);
  const origin = job.system === "macos" ? "@loader_path" : "$ORIGIN";
  const sources = ["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(job.sources, file));
  run(job, [...sources, ...job.libraries, `-Wl,-rpath,${origin}`, "-o", join(folder, ADDON_CORE)]);
  mkdirSync(dirname(job.output), { recursive: true });
  const fromLoader = relative(dirname(job.output), folder).replaceAll("\\", "/");
  const dynamicLoading = job.system === "macos" ? [] : ["-ldl"];
  run(job, [`-DLIBRARIES="${fromLoader}"`, LOADER_SOURCE, ...dynamicLoading, "-o", job.output]);
}

function run(job: CompileJob, rest: string[]): void {
  const [program, ...first] = job.compiler.command.split(/\s+/);
  const shared = job.system === "macos" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  const options = ["-std=c++17", "-O2", "-fPIC", "-w", "-DNAPI_VERSION=8", ...shared];
  const includes = job.includes.map((include) => `-I${include}`);
  const result = spawnSync(program, [...first, ...options, ...includes, ...rest], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (result.status === 0) return;
  const lines = (result.stderr || String(result.error?.message ?? "")).split("\n");
  const complaint = lines.find((line) => /error|fatal|undefined reference|not found/i.test(line)) ?? lines[0];
  throw new UserError(
    `${job.compiler.version} could not build the addon: ${complaint.trim()} (it needs C++17 and its standard library; on Linux GCC 8 or newer)`,
  );
}
