import { describe, expect, it } from "vitest";
import { compareVersions, cudaRequirements, isRelease, meetsSpecifier } from "./version";

describe("versions", () => {
  it("are compared number by number", () => {
    expect(compareVersions("2.21.0", "2.9.1")).toBeGreaterThan(0);
    expect(compareVersions("2.21", "2.21.0")).toBe(0);
    expect(compareVersions("12.5.3.2", "12.5.10")).toBeLessThan(0);
  });

  it("count as releases without pre-release parts only", () => {
    expect(["2.21.0", "9.3.0.75", "1.0.post1"].every(isRelease)).toBe(true);
    expect(["2.21.0rc1", "2.22.0.dev20260309", "3.0a1"].some(isRelease)).toBe(false);
  });

  const cases: [string, string, boolean][] = [
    ["12.9.1.4", "<13.0,>=12.5.3.2", true],
    ["13.0", "<13.0,>=12.5.3.2", false],
    ["12.5.3.1", "<13.0,>=12.5.3.2", false],
    ["2.21.0", "==2.21.0", true],
    ["2.21.1", "==2.21.0", false],
    ["2.21.1", "==2.21.*", true],
    ["2.22.0", "!=2.21.*", true],
    ["3.14.5", "~=3.14.0", true],
    ["3.15.0", "~=3.14.0", false],
    ["1.0", "", true],
    ["1.0", "nonsense", false],
  ];
  for (const [version, specifier, expected] of cases) {
    it(`${version} ${expected ? "meets" : "does not meet"} "${specifier}"`, () => {
      expect(meetsSpecifier(version, specifier)).toBe(expected);
    });
  }
});

it("cudaRequirements finds what the extra and-cuda asks for, but for the compiler", () => {
  const metadata = [
    "Name: tensorflow",
    "Requires-Dist: numpy>=1.26.0",
    "Provides-Extra: and-cuda",
    'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
    'Requires-Dist: nvidia-cuda-nvcc-cu12<13.0,>=12.5.82; extra == "and-cuda"',
    "Requires-Dist: nvidia-cudnn-cu12 (<10.0,>=9.3.0.75) ; extra == 'and-cuda'",
    'Requires-Dist: tensorflow-io>=0.23.1; extra == "gcs-filesystem"',
  ].join("\n");
  expect(cudaRequirements(metadata)).toEqual([
    { project: "nvidia-cublas-cu12", specifier: "<13.0,>=12.5.3.2" },
    { project: "nvidia-cudnn-cu12", specifier: "<10.0,>=9.3.0.75" },
  ]);
});
