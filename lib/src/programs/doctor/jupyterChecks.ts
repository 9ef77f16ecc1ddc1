import { join } from "node:path";
import { messageOf } from "../../machine/support/errors";
import { PROJECT_ROOT } from "../../machine/support/project";
import { Kernel } from "../runner/kernel";
import type { Finding } from "./finding";
import { findCode, findJupyter, frontEndVersion, GET_JUPYTER } from "./jupyter";
import { findSpecs, inspectSpec, KERNEL_NAME, localJupyterPath } from "./kernelSpec";

/** Front ends of Jupyter, with their versions. None is needed: `npm run figures` does without. */
export function checkJupyter(): Finding[] {
  const name = "Jupyter";
  let jupyter: ReturnType<typeof findJupyter>;
  try {
    jupyter = findJupyter();
  } catch (error) {
    return [{ name, state: "gap", found: messageOf(error), todo: GET_JUPYTER }];
  }
  const code = findCode();
  if (!jupyter) {
    const found = code ? `not on the PATH; VS Code is (${code})` : "not on the PATH";
    const todo = `nothing for \`npm run figures\`; to work in notebooks, ${GET_JUPYTER}`;
    return [{ name, state: code ? "note" : "gap", found, todo, facts: { code } }];
  }
  const frontEnds = jupyter.frontEnds.map((frontEnd) => ({ ...frontEnd, version: frontEndVersion(frontEnd.command) }));
  const title = { lab: "JupyterLab", notebook: "Notebook" };
  const found = frontEnds.map((one) => `${title[one.name]} ${one.version ?? "(does not start)"} (${one.command[0]})`);
  const facts = { frontEnds, code };
  if (frontEnds.some(({ version }) => version !== undefined)) {
    return [{ name, state: "ok", found: [...found, ...(code ? [`VS Code (${code})`] : [])].join("; "), facts }];
  }
  return [{ name, state: "gap", found: found.join("; "), todo: GET_JUPYTER, facts }];
}

/** Kernel specs: the clone's own, and what else is called tslab. */
export function checkKernelSpecs(): Finding[] {
  const name = "kernel spec";
  const local = inspectSpec(join(localJupyterPath(), "kernels", KERNEL_NAME));
  const others = findSpecs().filter(({ folder }) => folder !== local?.folder);
  const facts = { local, others };
  const findings: Finding[] = [];
  if (!local) {
    const todo = "npm run lab registers it and opens Jupyter (npm run lab -- --register: only registers it)";
    findings.push({ name, state: "note", found: "this clone's kernel is not registered yet", todo, facts });
  } else if (!local.ours || local.missing) {
    const found = local.missing
      ? `${local.folder} names ${local.missing}, which is gone`
      : `${local.folder} is of another clone`;
    findings.push({ name, state: "gap", found, todo: "npm run lab -- --register", facts });
  } else {
    findings.push({ name, state: "ok", found: `${KERNEL_NAME} of this clone, in ${local.folder}`, facts });
  }
  for (const other of others.filter(({ missing }) => missing !== undefined)) {
    const found = `${other.folder} names ${other.missing}, which is gone`;
    const todo = `remove that folder, or register again: ${other.ours ? "npm run lab -- --user" : "tslab install"}`;
    findings.push({ name: "other kernel spec", state: "note", found, todo });
  }
  return findings;
}

/** Starts the kernel and lets it load the library. Takes some seconds. */
export async function checkKernel(): Promise<Finding[]> {
  const name = "tslab kernel";
  const start = performance.now();
  let kernel: Kernel | undefined;
  try {
    kernel = await Kernel.start({ workingFolder: join(PROJECT_ROOT, "notebooks") });
    const { failure } = await kernel.execute('import * as tg from "token-geometry"; typeof tg.loadModel;', 120);
    const seconds = (performance.now() - start) / 1000;
    if (!failure) {
      return [
        { name, state: "ok", found: `starts and loads the library in ${seconds.toFixed(1)} s`, facts: { seconds } },
      ];
    }
    const found = `starts, but cannot load the library: ${failure.message.replaceAll(/\s+/g, " ")}`;
    return [{ name, state: "broken", found, todo: "npm ci, then npm run build" }];
  } catch (error) {
    return [{ name, state: "broken", found: messageOf(error), todo: "npm ci" }];
  } finally {
    await kernel?.shutdown();
  }
}
