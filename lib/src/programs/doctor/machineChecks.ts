import { existsSync, statfsSync } from "node:fs";
import { cpus, freemem, totalmem } from "node:os";
import { dirname } from "node:path";
import { cachedModels, hubCache } from "../../machine/hub/cache";
import { namedModelFolder, namedModelPath, stateOf } from "../../machine/hub/modelCache";
import { DEFAULT_MODEL, NAMED_MODELS } from "../../machine/hub/namedModels";
import { offlineReason } from "../../machine/hub/offline";
import { MEMORY_VARIABLE, memoryBudget } from "../../machine/support/memory";
import { defaultStore } from "../../machine/support/project";
import { type Finding, gigabytes } from "./finding";

/** Below this a run of the notebooks may not fit. */
const FEW_BYTES = { disk: 2e9, memory: 3e9 };

/** Models in the Hugging Face cache. */
export function checkHub(): Finding[] {
  const models = cachedModels();
  const bytes = models.reduce((sum, model) => sum + model.bytes, 0);
  const names = models.map(({ name }) => name);
  const content =
    models.length > 0 ? `${names.join(", ")}; ${gigabytes(bytes)}` : "no models; the embedded ones need none";
  const offline = offlineReason();
  const facts = { folder: hubCache(), models: names, bytes, offline: Boolean(offline) };
  const found = `${hubCache()}: ${content}${offline ? `; ${offline}: nothing is downloaded` : ""}`;
  return [{ name: "hub cache", state: "ok", found, facts }];
}

/** The model that is used unless another one is named: whether it is here. */
export function checkDefaultModel(): Finding[] {
  const model = NAMED_MODELS.find(({ name }) => name === DEFAULT_MODEL)!;
  const state = stateOf(model);
  const facts = { model: model.name, state, path: namedModelPath(model), bytes: model.bytes };
  const name = "default model";
  const size = gigabytes(model.bytes);
  if (state === "whole" || state === "unchecked") {
    return [{ name, state: "ok", found: `${model.name}, ${size}: ${namedModelPath(model)}`, facts }];
  }
  const found = `${model.name} is ${state === "missing" ? "not here" : "damaged"}; ${size} are fetched when it is first used`;
  const todo = `npx token-geometry fetch ${model.name} (it goes into ${namedModelFolder(model)})`;
  return [{ name, state: "gap", found, todo, facts }];
}

/** Free disk where results and models go. */
export function checkDisk(): Finding[] {
  return [
    ["disk for results", defaultStore()],
    ["disk for models", hubCache()],
  ].map(([name, folder]) => {
    const { bavail, bsize } = statfsSync(existingFolder(folder));
    const free = Number(bavail) * Number(bsize);
    const found = `${gigabytes(free)} free for ${folder}`;
    const facts = { folder, free };
    if (free >= FEW_BYTES.disk) return { name, state: "ok", found, facts };
    const todo = `free some space, or choose another place (${name.endsWith("results") ? "TOKEN_GEOMETRY_STORE" : "HF_HOME"})`;
    return { name, state: "gap", found, todo, facts };
  });
}

/** Memory, and what of it a run will use. */
export function checkMemory(): Finding[] {
  const name = "memory";
  const total = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const budget = memoryBudget("tensorflow");
  const facts = { total, free: freemem(), budget, processors: cpus().length };
  const share = `${gigabytes(budget)} for weights and hidden states (${MEMORY_VARIABLE} changes it)`;
  const found = `${gigabytes(total)}, ${gigabytes(freemem())} free, ${cpus().length} processors; ${share}`;
  if (total >= FEW_BYTES.memory) return [{ name, state: "ok", found, facts }];
  return [{ name, state: "gap", found, todo: "use the embedded models, fewer TOKENS, or a larger machine", facts }];
}

function existingFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingFolder(dirname(path));
}
