import { describe, expect, it } from "vitest";
import { pickWheel } from "./findWheel";

describe("pickWheel", () => {
  const platform = { system: "linux", machine: "x86_64", glibc: [2, 36] } as const;
  const request = {
    projects: ["x"],
    specifier: "<13,>=12.5",
    platform: { ...platform, glibc: [2, 36] as [number, number] },
  };
  const offer = (...names: string[]) => names.map((name) => ({ fileName: name, url: name }));

  it("takes the newest release that fits", () => {
    const files = offer(
      "x-12.6-py3-none-manylinux_2_27_x86_64.whl",
      "x-12.10-py3-none-manylinux_2_27_x86_64.whl",
      "x-12.11-py3-none-win_amd64.whl",
      "x-12.12rc1-py3-none-any.whl",
      "x-13.0-py3-none-any.whl",
      "x-12.20.tar.gz",
    );
    expect(pickWheel(files, request).fileName).toBe("x-12.10-py3-none-manylinux_2_27_x86_64.whl");
  });

  it("says why nothing fits", () => {
    expect(() => pickWheel(offer("x-12.6-py3-none-manylinux_2_40_x86_64.whl"), request)).toThrow(/needs glibc 2\.40/);
    expect(() => pickWheel(offer("x-11-py3-none-any.whl"), request)).toThrow(/there is no version <13,>=12.5/);
  });
});
