import { loadNetwork, type Network } from "../../model/network";
import { chooseBackend } from "../backend/backend";
import { openCheckpoint } from "../checkpoint/checkpoint";
import { messageOf, UserError } from "../support/errors";
import { endWithParent } from "../support/parent";
import { measurePrompts } from "./measurePrompt";
import type { PoolAnswer, PoolTask } from "./pool";

/** The model of the last task; tasks of one model follow each other. */
let loaded: (Pick<PoolTask, "path" | "rewritten"> & { network: Network }) | undefined;

// Once the one who gave the work is gone, nobody will read the results.
endWithParent();

/** Runs in a process of a {@link WorkerPool}: measures what a task names. Never throws: see {@link PoolAnswer}. */
export default async function measureTask(task: PoolTask): Promise<PoolAnswer> {
  try {
    const network = await networkOf(task);
    const { ids, metrics, options } = task;
    return { results: await measurePrompts(network, ids, { ...options, metrics }) };
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    return { failure: messageOf(error), forUser: error instanceof UserError, stack };
  }
}

async function networkOf({ path, rewritten, backend, weightMemory }: PoolTask): Promise<Network> {
  if (loaded?.path === path && loaded.rewritten === rewritten) return loaded.network;
  loaded?.network.dispose();
  loaded = undefined;
  await chooseBackend(backend);
  loaded = { path, rewritten, network: await loadNetwork(openCheckpoint(path), { memory: weightMemory }) };
  return loaded.network;
}
