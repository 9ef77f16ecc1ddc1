import { describe, expect, it } from "vitest";
import { type Platform, parseWheelName, wheelMisfit } from "./wheelName";

const debian12: Platform = { system: "linux", machine: "x86_64", glibc: [2, 36] };
const mac: Platform = { system: "macos", machine: "arm64" };

describe("parseWheelName", () => {
  it("takes a name apart, with and without a build number", () => {
    expect(parseWheelName("tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl")).toEqual({
      project: "tensorflow-cpu",
      version: "2.21.0",
      python: ["cp311"],
      platforms: ["manylinux_2_27_x86_64"],
    });
    const built = parseWheelName("nvidia_cublas_cu12-12.9.1.4-1-py3-none-manylinux_2_27_x86_64.manylinux1_x86_64.whl");
    expect(built.project).toBe("nvidia-cublas-cu12");
    expect(built.platforms).toEqual(["manylinux_2_27_x86_64", "manylinux1_x86_64"]);
    expect(parseWheelName("tensorflow-2.21.0+selfbuild-cp312-cp312-linux_x86_64.whl").version).toBe("2.21.0+selfbuild");
  });

  for (const name of ["tensorflow.zip", "tensorflow-2.21.0.tar.gz", "wheel (1).whl", "a--c-d-e.whl"]) {
    it(`refuses ${name}`, () => expect(() => parseWheelName(name)).toThrow(/not the name of a Python wheel/));
  }
});

describe("wheelMisfit", () => {
  const cases: [string, Platform, RegExp | undefined][] = [
    ["manylinux_2_27_x86_64", debian12, undefined],
    ["manylinux_2_36_x86_64", debian12, undefined],
    ["manylinux_2_39_x86_64", debian12, /needs glibc 2\.39 or newer, this system has 2\.36/],
    ["manylinux2014_x86_64", { ...debian12, glibc: [2, 17] }, undefined],
    ["manylinux2014_x86_64", { ...debian12, glibc: [2, 12] }, /needs glibc 2\.17/],
    ["manylinux_2_39_x86_64.manylinux2014_x86_64", debian12, undefined],
    ["manylinux_2_27_aarch64", debian12, /for aarch64 processors, this one is x86_64/],
    ["linux_x86_64", debian12, undefined],
    ["musllinux_1_2_x86_64", debian12, /musl/],
    ["win_amd64", debian12, /for windows/],
    ["macosx_12_0_arm64", debian12, /for macos/],
    ["macosx_12_0_arm64", mac, undefined],
    ["macosx_11_0_universal2", mac, undefined],
    ["macosx_12_0_x86_64", mac, /for x86_64/],
    ["manylinux_2_27_x86_64", mac, /for linux/],
    ["any", debian12, undefined],
  ];
  for (const [tags, platform, reason] of cases) {
    it(`${tags} on ${platform.system} ${platform.machine} ${platform.glibc ?? ""}`, () => {
      const misfit = wheelMisfit(parseWheelName(`tensorflow-2.21.0-cp311-cp311-${tags}.whl`), platform);
      if (reason) expect(misfit).toMatch(reason);
      else expect(misfit).toBeUndefined();
    });
  }
});
