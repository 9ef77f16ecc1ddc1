import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { figurePath } from "./figureFolder";

afterEach(() => vi.unstubAllEnvs());

describe("paths of figures", () => {
  test("are in the folder that is given, or in figures of the run's folder", () => {
    const folder = temporaryFolder();
    vi.stubEnv("TOKEN_GEOMETRY_OUT", folder);
    expect(figurePath("bands", "svg")).toBe(join(folder, "figures", "bands.svg"));
    expect(figurePath("bands", "svg", join(folder, "mine"))).toBe(join(folder, "mine", "bands.svg"));
  });

  test.each(["a/b", "..", ".hidden", "", "a\\b"])("%j names no file", (name) => {
    expect(() => figurePath(name, "svg")).toThrow(`"${name}" cannot be a file name`);
  });

  test("belong to the notebook of a run that asks first", () => {
    const folder = temporaryFolder();
    const run = (notebook: string, exports = join(folder, "run")) => {
      mkdirSync(exports, { recursive: true });
      vi.stubEnv("TOKEN_GEOMETRY_NOTEBOOK", notebook);
      vi.stubEnv("TOKEN_GEOMETRY_EXPORTS", exports);
    };
    run("first");
    const path = figurePath("bands", "svg", folder);
    expect(figurePath("bands", "svg", folder)).toBe(path); // a cell that is run again
    run("second");
    expect(() => figurePath("bands", "svg", folder)).toThrow(
      "bands.svg: the notebook first exports a file of this name in the same run; choose another name",
    );
    expect(figurePath("bands", "pdf", folder)).toBe(join(folder, "bands.pdf"));
    expect(figurePath("bands", "svg", join(folder, "second"))).toBe(join(folder, "second", "bands.svg"));
    run("second", join(folder, "a later run"));
    expect(figurePath("bands", "svg", folder)).toBe(path);
  });
});
