import type { Checkpoint } from "../machine/checkpoint/checkpoint";
import { UserError } from "../machine/support/errors";
import type { Architecture, ModelFamily } from "./architecture";
import { gemma3 } from "./gemma3";
import { gemma3Text } from "./gemma3Text";
import { gpt2 } from "./gpt2";
import { gptNeoX } from "./gptNeoX";
import { llama } from "./llama";
import { mistral } from "./mistral";
import { opt } from "./opt";
import { phi3 } from "./phi3";
import { refuseQuantization } from "./quantization";
import { qwen2 } from "./qwen2";
import { qwen3 } from "./qwen3";
import { underStoredNames } from "./storedNames";

/** The one place where model families are registered. */
export const FAMILIES: readonly ModelFamily[] = [
  llama,
  mistral,
  qwen2,
  qwen3,
  gemma3Text,
  gemma3,
  phi3,
  gptNeoX,
  opt,
  gpt2,
];

/**
 * The architecture of a checkpoint, by the `model_type` of its config.json.
 *
 * @throws UserError if the family is unknown, a setting is missing or not supported, or there are more layers than tensors
 */
export function architectureOf(checkpoint: Checkpoint): Architecture {
  const { config, tensors } = checkpoint;
  const family = FAMILIES.find(({ modelType }) => modelType === config.modelType);
  if (!family) {
    const known = FAMILIES.map(({ modelType }) => modelType).join(", ");
    throw new UserError(`${config.path}: unknown model_type "${config.modelType}"; known are ${known}`);
  }
  refuseQuantization(config);
  config.refuseAny("per_layer_config");
  const architecture = family.architecture(config, new Set(tensors.keys()));
  if (architecture.layers > tensors.size) {
    // Told here, since a list of a billion layers would already fill the memory.
    throw new UserError(
      `${config.path}: claims ${architecture.layers} layers, but the weights hold only ${tensors.size} tensors`,
    );
  }
  return underStoredNames(architecture, checkpoint);
}
