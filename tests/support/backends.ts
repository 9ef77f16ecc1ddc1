import { describe, test } from "vitest";
import { BACKENDS, type BackendChoice, chooseBackend } from "../../lib/src/machine/backend/backend";
import type { BackendName } from "../../lib/src/machine/backend/backendInterface";
import { BLAS_VARIABLE, findBlas } from "../../lib/src/machine/backend/blas";
import { messageOf } from "../../lib/src/machine/support/errors";
import { useSoftwareAdapter } from "./softwareAdapter";

/** What has just been set up, by the variable that says so: that it does not load is a failure, not a skip. */
const EXPECTED: Record<string, string> = {
  tensorflow: "TOKEN_GEOMETRY_EXPECT_TENSORFLOW",
  webgpu: "TOKEN_GEOMETRY_EXPECT_WEBGPU",
  "wasm with BLAS": "TOKEN_GEOMETRY_EXPECT_BLAS",
};

/** A backend as the tests use it: WebAssembly multiplies by itself, and by a BLAS library where one is found. */
interface Variant {
  name: BackendName;
  title: string;
  /** What the environment variable says that names a BLAS library. */
  blas?: string;
}

/** Names of the backends that the tests are for; all without it. vitest.config.mts sets it. */
const wanted = process.env.TOKEN_GEOMETRY_TEST_BACKENDS?.split(",");

const VARIANTS: readonly Variant[] = BACKENDS.filter(({ name }) => wanted?.includes(name) ?? true).flatMap(
  ({ name }): Variant[] =>
    name === "wasm"
      ? [
          { name, title: "wasm", blas: "off" },
          { name, title: "wasm with BLAS", blas: process.env[BLAS_VARIABLE] },
        ]
      : [{ name, title: name }],
);

async function useVariant({ name, blas }: Variant): Promise<BackendChoice> {
  if (blas === undefined) delete process.env[BLAS_VARIABLE];
  else process.env[BLAS_VARIABLE] = blas;
  return chooseBackend(name);
}

/** The variants that work on this machine; the others are named once, loudly. */
async function workingVariants(): Promise<(Variant & { device: string })[]> {
  const working: (Variant & { device: string })[] = [];
  for (const variant of VARIANTS) {
    try {
      const { device } = await useVariant(variant);
      if (variant.title === "wasm with BLAS" && !findBlas().blas) throw new Error(findBlas().why);
      working.push({ ...variant, device });
    } catch (error) {
      if (process.env[EXPECTED[variant.title]]) throw error;
      console.warn(`NOT TESTED on backend ${variant.title}: ${messageOf(error)}`);
    }
  }
  return working;
}

if (wanted?.includes("webgpu") ?? true) await useSoftwareAdapter();
const variants = await workingVariants();

export function works(backend: BackendName): boolean {
  return variants.some(({ name }) => name === backend);
}

/**
 * Whether a backend takes minutes for what the others do in a second: plain JavaScript, and a graphics adapter that is
 * none. With TOKEN_GEOMETRY_SLOW_TESTS nothing is too slow (npx vitest run --testTimeout 3600000 tests/embedded.campaign.test.ts).
 */
export function isSlow(backend: BackendName): boolean {
  if (process.env.TOKEN_GEOMETRY_SLOW_TESTS) return false;
  return backend === "cpu" || variants.some(({ name, device }) => name === backend && device.startsWith("software"));
}

/** Registers the same tests once for each backend that works here. */
export function onEachBackend(title: string, tests: (use: () => Promise<unknown>, name: BackendName) => void): void {
  if (variants.length === 0) test.skip(`${title} (no backend that works here)`, () => {});
  for (const variant of variants) {
    const patience = isSlow(variant.name) ? { timeout: 600_000 } : {};
    describe(`${title} [${variant.title}]`, patience, () => tests(() => useVariant(variant), variant.name));
  }
}
