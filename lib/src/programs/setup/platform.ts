import type { Platform } from "../../machine/packages/wheelName";
import { UserError } from "../../machine/support/errors";

/** What {@link describePlatform} looks at; given by tests, else taken from the running Node. */
export interface PlatformFacts {
  platform: string;
  arch: string;
  glibc: string | undefined;
}

/**
 * Says what machine this is, or why TensorFlow, or something else that comes in wheels, cannot be set up on it.
 * @throws UserError on Windows, on Linux with musl, and on processors for which there are no wheels
 */
export function describePlatform(facts: PlatformFacts = factsOfThisNode(), what = "TensorFlow"): Platform {
  const keep = "the project goes on with the wasm backend";
  if (facts.platform === "win32") {
    throw new UserError(`TensorFlow cannot be set up on Windows itself: run the project inside WSL 2 (Linux); ${keep}`);
  }
  if (facts.platform !== "linux" && facts.platform !== "darwin") {
    throw new UserError(`there is no ${what} for ${facts.platform}; ${keep}`);
  }
  if (facts.platform === "darwin") {
    if (facts.arch === "arm64") return { system: "macos", machine: "arm64" };
    throw new UserError(`TensorFlow no longer comes for Macs with ${facts.arch} processors; ${keep}`);
  }
  const machine = { x64: "x86_64", arm64: "aarch64" }[facts.arch];
  if (!machine) throw new UserError(`there is no ${what} for ${facts.arch} processors (only x64 and arm64); ${keep}`);
  const version = /^(\d+)\.(\d+)/.exec(facts.glibc ?? "");
  if (!version) {
    throw new UserError(
      `this Linux uses musl, ${what} needs glibc: use a Debian, Ubuntu or Fedora based system or image; ${keep}`,
    );
  }
  return { system: "linux", machine, glibc: [Number(version[1]), Number(version[2])] };
}

function factsOfThisNode(): PlatformFacts {
  const report =
    process.platform === "linux" ? (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }) : {};
  return { platform: process.platform, arch: process.arch, glibc: report.header?.glibcVersionRuntime };
}
