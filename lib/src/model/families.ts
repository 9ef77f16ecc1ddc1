import type { Checkpoint } from "../machine/checkpoint/checkpoint";
import type { CheckpointConfig } from "../machine/checkpoint/config";
import { UserError } from "../machine/support/errors";
import type { Architecture, ModelFamily } from "./architecture";
import { bloom } from "./bloom";
import { cohere } from "./cohere";
import { cohere2 } from "./cohere2";
import { exaone4 } from "./exaone4";
import { falcon } from "./falcon";
import { gemma2 } from "./gemma2";
import { gemma3 } from "./gemma3";
import { gemma3Text } from "./gemma3Text";
import { gemma4Text } from "./gemma4Text";
import { glm, glm4 } from "./glm4";
import { gpt2 } from "./gpt2";
import { gptBigCode } from "./gptBigCode";
import { gptJ } from "./gptJ";
import { gptNeo } from "./gptNeo";
import { gptNeoX } from "./gptNeoX";
import { gptOss } from "./gptOss";
import { granite } from "./granite";
import { llama } from "./llama";
import { ministral3 } from "./ministral3";
import { mistral } from "./mistral";
import { mixtral } from "./mixtral";
import { MULTIMODAL, textConfig } from "./multimodal";
import { nemotron } from "./nemotron";
import { olmo2, olmo3 } from "./olmo2";
import { olmoe } from "./olmoe";
import { opt } from "./opt";
import { phi3 } from "./phi3";
import { refuseQuantization } from "./quantization";
import { qwen2 } from "./qwen2";
import { qwen3 } from "./qwen3";
import { qwen3Moe } from "./qwen3Moe";
import { smollm3 } from "./smollm3";
import { stablelm } from "./stablelm";
import { starcoder2 } from "./starcoder2";
import { underStoredNames } from "./storedNames";

/** The one place where model families are registered. */
export const FAMILIES: readonly ModelFamily[] = [
  llama,
  mistral,
  ministral3,
  mixtral,
  qwen2,
  qwen3,
  qwen3Moe,
  gemma2,
  gemma3Text,
  gemma3,
  gemma4Text,
  phi3,
  olmo2,
  olmo3,
  olmoe,
  granite,
  smollm3,
  starcoder2,
  stablelm,
  falcon,
  glm,
  glm4,
  cohere,
  cohere2,
  exaone4,
  nemotron,
  gptOss,
  gptNeoX,
  gptNeo,
  gptJ,
  gptBigCode,
  bloom,
  opt,
  gpt2,
];

/** The family of a checkpoint, by the `model_type` of its config.json. @throws UserError if it is not known */
export function familyOf(config: CheckpointConfig): ModelFamily {
  const { modelType } = textConfig(config);
  const family = FAMILIES.find((one) => one.modelType === modelType);
  if (family) return family;
  const known = [...FAMILIES.map((one) => one.modelType), ...Object.keys(MULTIMODAL)].join(", ");
  throw new UserError(`${config.path}: unknown model_type "${modelType}"; known are ${known}`);
}

/**
 * The architecture of a checkpoint: of a multimodal model, that of its text model.
 *
 * @throws UserError if the family is unknown, a setting is missing or not supported, or there are more layers than tensors
 */
export function architectureOf(checkpoint: Checkpoint): Architecture {
  const { tensors } = checkpoint;
  const family = familyOf(checkpoint.config);
  const config = textConfig(checkpoint.config);
  for (const part of new Set([checkpoint.config, config])) {
    const method = part.section("quantization_config")?.fields.quant_method;
    if (method === undefined || method !== family.quantization) refuseQuantization(part);
    if (!family.hasLayerSizes) part.refuseAny("per_layer_config");
  }
  const architecture = family.architecture(config, new Set(tensors.keys()));
  if (architecture.layers > tensors.size) {
    // Told here, since a list of a billion layers would already fill the memory.
    throw new UserError(
      `${config.path}: claims ${architecture.layers} layers, but the weights hold only ${tensors.size} tensors`,
    );
  }
  return underStoredNames(architecture, checkpoint);
}
