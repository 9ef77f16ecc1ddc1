import type { GgufArchitecture } from "./architecture";
import { gemma3 } from "./gemma3";
import { gpt2 } from "./gpt2";
import { gptNeoX } from "./gptNeoX";
import { llama } from "./llama";
import { phi3 } from "./phi3";
import { qwen2, qwen3 } from "./qwen";

/** The one place where architectures of GGUF files are registered. */
export const GGUF_ARCHITECTURES: readonly GgufArchitecture[] = [llama, qwen2, qwen3, gemma3, phi3, gptNeoX, gpt2];
