import { describe } from "vitest";
import { BACKENDS, type BackendChoice, type BackendName, chooseBackend } from "../../lib/src/backend/backend";
import { BLAS_VARIABLE, findBlas } from "../../lib/src/backend/blas";
import { messageOf } from "../../lib/src/support/errors";

/** A backend as the tests use it: WebAssembly multiplies by itself, and by a BLAS library where one is found. */
interface Variant {
  name: BackendName;
  title: string;
  /** What the environment variable says that names a BLAS library. */
  blas?: string;
}

const VARIANTS: readonly Variant[] = BACKENDS.flatMap(({ name }): Variant[] =>
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
async function workingVariants(): Promise<Variant[]> {
  const working: Variant[] = [];
  for (const variant of VARIANTS) {
    try {
      await useVariant(variant);
      if (variant.title === "wasm with BLAS" && !findBlas().blas) throw new Error(findBlas().why);
      working.push(variant);
    } catch (error) {
      // Where the addon has just been built, or a library installed, that it does not load is a failure, not a skip.
      const { TOKEN_GEOMETRY_EXPECT_TENSORFLOW: addon, TOKEN_GEOMETRY_EXPECT_BLAS: library } = process.env;
      if ((variant.name === "tensorflow" && addon) || (variant.name === "wasm" && library)) throw error;
      console.warn(`NOT TESTED on backend ${variant.title}: ${messageOf(error)}`);
    }
  }
  return working;
}

const variants = await workingVariants();

/** Registers the same tests once for each backend that works here. */
export function onEachBackend(title: string, tests: (use: () => Promise<unknown>, name: BackendName) => void): void {
  for (const variant of variants) {
    describe(`${title} [${variant.title}]`, () => tests(() => useVariant(variant), variant.name));
  }
}
