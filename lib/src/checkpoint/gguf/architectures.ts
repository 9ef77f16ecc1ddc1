import type { GgufArchitecture } from "./architecture";
import { llama } from "./llama";

/** The one place where architectures of GGUF files are registered. */
export const GGUF_ARCHITECTURES: readonly GgufArchitecture[] = [llama];
