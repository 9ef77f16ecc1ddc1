import { UserError } from "../support/errors";

/** The machine as far as it decides which wheel fits. */
export interface Platform {
  system: "linux" | "macos";
  /** As wheels spell it: "x86_64", "aarch64" (Linux) or "arm64" (macOS). */
  machine: string;
  /** The C library's version on Linux. */
  glibc?: [number, number];
}

/** What the file name of a Python wheel says about it. */
export interface WheelName {
  /** The project, normalized: lower case, words joined by "-". */
  project: string;
  version: string;
  /** "cp311", "py3", ... */
  python: string[];
  /** "manylinux_2_27_x86_64", "macosx_12_0_arm64", "any", ... */
  platforms: string[];
}

/**
 * Takes a wheel's file name apart: name-version(-build)?-python-abi-platform.whl, where tags may be several, joined by dots.
 * Source: the Python packaging specifications, "Binary distribution format".
 *
 * @throws UserError if it is not a wheel's name
 */
export function parseWheelName(fileName: string): WheelName {
  const parts = fileName.replace(/\.whl$/, "").split("-");
  if (!fileName.endsWith(".whl") || parts.length < 5 || parts.length > 6 || parts.includes("")) {
    throw new UserError(
      `${fileName}: not the name of a Python wheel (name-version-python-abi-platform.whl); keep the name it was downloaded under`,
    );
  }
  return {
    project: normalizeProject(parts[0]),
    version: parts[1],
    python: parts.at(-3)!.split("."),
    platforms: parts.at(-1)!.split("."),
  };
}

/** A project's name as package indexes spell it in their paths: lower case, runs of "-", "_" and "." as one "-". */
export function normalizeProject(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

/**
 * Why a wheel's libraries cannot be used on this machine, or undefined if they can. The Python version it was built for
 * does not matter: only its C++ libraries are used.
 */
export function wheelMisfit(wheel: WheelName, platform: Platform): string | undefined {
  const reasons = wheel.platforms.map((tag) => tagMisfit(tag, platform));
  return reasons.includes(undefined) ? undefined : reasons[0];
}

const LEGACY_GLIBC: Record<string, string> = {
  manylinux1: "manylinux_2_5",
  manylinux2010: "manylinux_2_12",
  manylinux2014: "manylinux_2_17",
};

function tagMisfit(tag: string, platform: Platform): string | undefined {
  if (tag === "any") return undefined;
  const modern = tag.replace(/^manylinux(1|2010|2014)(?=_)/, (legacy) => LEGACY_GLIBC[legacy]);
  const linux = /^manylinux_(\d+)_(\d+)_(.+)$/.exec(modern);
  const machine = linux?.[3] ?? /^(?:linux|macosx_\d+_\d+|musllinux_\d+_\d+|win)_(.+)$/.exec(modern)?.[1];
  const system = modern.startsWith("macosx") ? "macos" : modern.startsWith("win") ? "windows" : "linux";
  if (system !== platform.system) return `it is for ${system}, this machine runs ${platform.system}`;
  if (machine !== platform.machine && machine !== "universal2")
    return `it is for ${machine} processors, this one is ${platform.machine}`;
  if (modern.startsWith("musllinux")) return "it is for musl, this system has glibc";
  if (linux && platform.glibc && older(platform.glibc, [Number(linux[1]), Number(linux[2])])) {
    return `it needs glibc ${linux[1]}.${linux[2]} or newer, this system has ${platform.glibc.join(".")}`;
  }
  return undefined;
}

function older([major, minor]: [number, number], [wantedMajor, wantedMinor]: [number, number]): boolean {
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}
