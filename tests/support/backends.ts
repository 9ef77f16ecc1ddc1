import { describe } from "vitest";
import { BACKENDS, type BackendChoice, type BackendName, chooseBackend } from "../../lib/src/backend/backend";
import { messageOf } from "../../lib/src/support/errors";
import { useSoftwareAdapter } from "./softwareAdapter";

/** Backends that have just been set up, by the variable that says so: that one does not load is a failure, not a skip. */
const EXPECTED: Record<string, string> = {
  tensorflow: "TOKEN_GEOMETRY_EXPECT_TENSORFLOW",
  webgpu: "TOKEN_GEOMETRY_EXPECT_WEBGPU",
};

/** The backends that work on this machine; the others are named once, loudly. */
async function workingBackends(): Promise<BackendChoice[]> {
  const working: BackendChoice[] = [];
  for (const { name } of BACKENDS) {
    try {
      working.push(await chooseBackend(name));
    } catch (error) {
      if (process.env[EXPECTED[name]]) throw error;
      console.warn(`NOT TESTED on backend ${name}: ${messageOf(error)}`);
    }
  }
  return working;
}

await useSoftwareAdapter();
const working = await workingBackends();

export function works(backend: BackendName): boolean {
  return working.some(({ name }) => name === backend);
}

/**
 * Whether a backend takes minutes for what the others do in a second: plain JavaScript, and a graphics adapter that is
 * none. With TOKEN_GEOMETRY_SLOW_TESTS nothing is too slow (npx vitest run --testTimeout 3600000 tests/embedded.test.ts).
 */
export function isSlow(backend: BackendName): boolean {
  if (process.env.TOKEN_GEOMETRY_SLOW_TESTS) return false;
  return backend === "cpu" || working.some(({ name, device }) => name === backend && device.startsWith("software"));
}

/** Registers the same tests once for each backend that works here. */
export function onEachBackend(title: string, tests: (use: () => Promise<unknown>, name: BackendName) => void): void {
  for (const { name } of working) {
    const patience = isSlow(name) ? { timeout: 600_000 } : {};
    describe(`${title} [${name}]`, patience, () => tests(() => chooseBackend(name), name));
  }
}
