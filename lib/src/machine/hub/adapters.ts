import { join } from "node:path";
import { UserError } from "../support/errors";
import { readJsonObject, shown } from "../support/json";
import { isThere } from "../support/pointerFile";

/** The settings of an adapter, in a folder of its own. */
export const ADAPTER_CONFIG = "adapter_config.json";

/** Its weights, in the order of preference. */
export const ADAPTER_WEIGHTS = ["adapter_model.safetensors", "adapter_model.bin"];

/** The model that an adapter is for, as its settings name it: a folder, or a name on the hub. */
export interface AdapterBase {
  model: string;
  revision?: string;
}

/** What the adapter in a folder is for; undefined if there is none. @throws UserError if its settings do not say */
export function adapterBase(folder: string): AdapterBase | undefined {
  const path = join(folder, ADAPTER_CONFIG);
  if (!isThere(path)) return undefined;
  const { base_model_name_or_path: model, revision } = readJsonObject(path);
  if (typeof model !== "string" || model === "") {
    throw new UserError(`${path}: base_model_name_or_path is ${shown(model)}; it must name the adapter's base model`);
  }
  return { model, ...(typeof revision === "string" && { revision }) };
}
