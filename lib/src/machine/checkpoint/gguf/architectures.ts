import type { GgufArchitecture } from "./architecture";
import { bloom } from "./bloom";
import { cohere2 } from "./cohere2";
import { commandR } from "./commandR";
import { exaone4 } from "./exaone4";
import { falcon } from "./falcon";
import { gemma2 } from "./gemma2";
import { gemma3 } from "./gemma3";
import { glm4 } from "./glm4";
import { gpt2 } from "./gpt2";
import { gptNeoX } from "./gptNeoX";
import { gptOss } from "./gptOss";
import { granite } from "./granite";
import { llama } from "./llama";
import { mistral3 } from "./mistral3";
import { nemotron } from "./nemotron";
import { olmo2 } from "./olmo2";
import { phi3 } from "./phi3";
import { olmoe, qwen2, qwen3, qwen3Moe } from "./qwen";
import { smollm3 } from "./smollm3";
import { stablelm } from "./stablelm";
import { starcoder } from "./starcoder";
import { starcoder2 } from "./starcoder2";

/** The one place where architectures of GGUF files are registered. */
export const GGUF_ARCHITECTURES: readonly GgufArchitecture[] = [
  llama,
  mistral3,
  qwen2,
  qwen3,
  qwen3Moe,
  gemma2,
  gemma3,
  phi3,
  olmo2,
  olmoe,
  granite,
  smollm3,
  starcoder2,
  stablelm,
  falcon,
  glm4,
  cohere2,
  commandR,
  exaone4,
  nemotron,
  gptNeoX,
  gptOss,
  starcoder,
  bloom,
  gpt2,
];
