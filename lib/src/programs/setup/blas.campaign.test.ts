/** The BLAS library of `npm run setup:blas`, from its wheel on PyPI: .ci/run fetches it ahead, since tests have no network. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../../../../tests/support/notebooks";
import { BLAS_VARIABLE, findBlas } from "../../machine/backend/blas";
import { blasFolder, installedBlas } from "../../machine/backend/installedBlas";
import { prove } from "../../machine/backend/products";
import { setupBlas } from "./blasCommand";
import { cacheFolder } from "./cacheFolder";

const downloads = existsSync(cacheFolder()) ? readdirSync(cacheFolder()) : [];
const file = downloads.find((name) => /^scipy_openblas32-.*\.whl$/.test(name));
if (!file) {
  if (process.env.TOKEN_GEOMETRY_EXPECT_SETUP_BLAS) throw new Error("setup:blas was to be tested, but has no wheel");
  console.warn("NOT TESTED: setup:blas; run it once, so that the wheel is there");
}

describe.skipIf(!file)("npm run setup:blas", () => {
  const wheel = file ? join(cacheFolder(), file) : "";
  const said: string[] = [];
  const say = (line: string) => void said.push(line);

  beforeEach(() => {
    said.length = 0;
    vi.stubEnv("TOKEN_GEOMETRY_CACHE", temporaryFolder());
    vi.stubEnv(BLAS_VARIABLE, "");
  });
  afterEach(() => vi.unstubAllEnvs());

  test("brings a library that multiplies right, is found first, and goes again", async () => {
    await setupBlas({ status: true }, say);
    await setupBlas({ wheel }, say);
    expect(said[0]).toBe("not installed");
    expect(said.at(-1)).toMatch(/^OpenBLAS \d\S+ works: .*libscipy_openblas\.so \(\d+ MB\)/);
    const script = `const { findBlas } = require(${JSON.stringify(join(__dirname, "../../../dist/machine/backend/blas.js"))});
      console.log(findBlas().blas.library)`;
    const { stdout } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
    expect(stdout.trim()).toBe(installedBlas());
    vi.stubEnv(BLAS_VARIABLE, installedBlas()!);
    expect(() => prove(findBlas().blas!)).not.toThrow();
    await setupBlas({ status: true }, say);
    expect(said.at(-1)).toMatch(/^OpenBLAS \d\S+ works/);
    await setupBlas({ uninstall: true }, say);
    expect(installedBlas()).toBeUndefined();
    await setupBlas({ uninstall: true }, say);
    expect(said.at(-1)).toBe("nothing was installed by this command");
  });

  test("a wheel that is damaged, or of something else, leaves nothing behind", async () => {
    const folder = temporaryFolder();
    const damaged = join(folder, basename(wheel).replace("32-0", "32-1")); // A name whose hash nobody knows.
    const bytes = readFileSync(wheel);
    bytes[Math.floor(bytes.length / 2)] ^= 1;
    writeFileSync(damaged, bytes);
    const other = join(folder, basename(wheel).replace("scipy_openblas32", "tensorflow_cpu"));
    writeFileSync(other, readFileSync(wheel));
    await expect(setupBlas({ wheel: damaged }, say)).rejects.toThrow();
    await expect(setupBlas({ wheel: other }, say)).rejects.toThrow(/is a wheel of another project/);
    await expect(setupBlas({ wheel: join(folder, "none.whl") }, say)).rejects.toThrow(/no such file/);
    expect(readdirSync(join(blasFolder(), ".."))).toEqual([]);
  });
});
