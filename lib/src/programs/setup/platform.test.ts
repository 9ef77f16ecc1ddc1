import { describe, expect, it } from "vitest";
import { describePlatform } from "./platform";

describe("describePlatform", () => {
  it("knows Linux on both processors and Apple's Macs", () => {
    expect(describePlatform({ platform: "linux", arch: "x64", glibc: "2.36" })).toEqual({
      system: "linux",
      machine: "x86_64",
      glibc: [2, 36],
    });
    expect(describePlatform({ platform: "linux", arch: "arm64", glibc: "2.31" }).machine).toBe("aarch64");
    expect(describePlatform({ platform: "darwin", arch: "arm64", glibc: undefined })).toEqual({
      system: "macos",
      machine: "arm64",
    });
  });

  const refused: [string, Parameters<typeof describePlatform>[0], RegExp][] = [
    ["musl", { platform: "linux", arch: "x64", glibc: undefined }, /musl.*Debian/],
    ["Windows", { platform: "win32", arch: "x64", glibc: undefined }, /WSL 2/],
    ["32-bit Arm", { platform: "linux", arch: "arm", glibc: "2.36" }, /no TensorFlow for arm processors/],
    ["Intel Macs", { platform: "darwin", arch: "x64", glibc: undefined }, /no longer comes for Macs/],
    ["FreeBSD", { platform: "freebsd", arch: "x64", glibc: undefined }, /no TensorFlow for freebsd/],
  ];
  for (const [what, facts, message] of refused) {
    it(`refuses ${what} in one line that says what goes on working`, () => {
      expect(() => describePlatform(facts)).toThrow(message);
      expect(() => describePlatform(facts)).toThrow(/wasm backend$/);
    });
  }
});
