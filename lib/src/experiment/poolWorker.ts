import { chooseBackend } from "../backend/backend";
import { openCheckpoint } from "../checkpoint/checkpoint";
import { loadModel, type Model } from "../model/model";
import { messageOf, UserError } from "../support/errors";
import { endWithParent } from "../support/parent";
import { measureMetrics, measurePrompts } from "./measurePrompt";
import type { PoolAnswer, PoolTask } from "./pool";

/** The model of the last task; tasks of one model follow each other. */
let loaded: (Pick<PoolTask, "path" | "rewritten"> & { model: Model }) | undefined;

// Once the one who gave the work is gone, nobody will read the results.
endWithParent();

/** Runs in a process of a {@link WorkerPool}: measures what a task names. Never throws: see {@link PoolAnswer}. */
export default async function measureTask(task: PoolTask): Promise<PoolAnswer> {
  try {
    const model = await modelOf(task);
    const measure = task.geometry ? measurePrompts : measureMetrics;
    return { results: await measure(model, task.ids, task.options) };
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    return { failure: messageOf(error), forUser: error instanceof UserError, stack };
  }
}

async function modelOf({ path, rewritten, backend, weightMemory }: PoolTask): Promise<Model> {
  if (loaded?.path === path && loaded.rewritten === rewritten) return loaded.model;
  loaded?.model.dispose();
  loaded = undefined;
  await chooseBackend(backend);
  loaded = { path, rewritten, model: await loadModel(openCheckpoint(path), { memory: weightMemory }) };
  return loaded.model;
}
