import { describe } from "vitest";
import { BACKENDS, type BackendName, chooseBackend } from "../../lib/src/backend/backend";
import { messageOf } from "../../lib/src/support/errors";
import { useSoftwareAdapter } from "./softwareAdapter";

/** Backends that have just been set up, by the variable that says so: that one does not load is a failure, not a skip. */
const EXPECTED: Record<string, string> = {
  tensorflow: "TOKEN_GEOMETRY_EXPECT_TENSORFLOW",
  webgpu: "TOKEN_GEOMETRY_EXPECT_WEBGPU",
};

/** The backends that work on this machine; the others are named once, loudly. */
async function workingBackends(): Promise<BackendName[]> {
  const working: BackendName[] = [];
  for (const { name } of BACKENDS) {
    try {
      await chooseBackend(name);
      working.push(name);
    } catch (error) {
      if (process.env[EXPECTED[name]]) throw error;
      console.warn(`NOT TESTED on backend ${name}: ${messageOf(error)}`);
    }
  }
  return working;
}

await useSoftwareAdapter();
const names = await workingBackends();

/** Registers the same tests once for each backend that works here. */
export function onEachBackend(title: string, tests: (use: () => Promise<unknown>, name: BackendName) => void): void {
  for (const name of names) describe(`${title} [${name}]`, () => tests(() => chooseBackend(name), name));
}
