import { join } from "node:path";
import { AwaitedModule } from "../machine/support/awaited";
import { NoAnswerError } from "../machine/support/isolated";
import { PROJECT_ROOT } from "../machine/support/project";
import { ENDLESS, type Encode, longestTime } from "./encoder";

/** Of the process's objects, in MiB; the largest tokenizers take some hundred. */
const HEAP = 1024;

const native = new AwaitedModule(join(PROJECT_ROOT, "lib/dist/tokens/nativeProcess.js"), HEAP);
let isAvailable: boolean | undefined;
let count = 0;

/** Whether the native library is there and runs on this machine. */
export function hasNativeLibrary(): boolean {
  try {
    isAvailable ??= native.call<boolean>("isAvailable", [], 60);
  } catch {
    isAvailable = false;
  }
  return isAvailable;
}

/**
 * Encodes with github.com/huggingface/tokenizers itself, in a process of its own: a pattern that goes on and on, or a damaged
 * table, ends that process and not this one.
 *
 * @param definition tokenizer.json
 * @throws Error saying what is wrong with it
 */
export function nativeEncoder(definition: Record<string, unknown>): Encode {
  const text = JSON.stringify(definition);
  const key = count++;
  const load = () => ask<void>("load", [key, text], text.length);
  load();
  return (input) => {
    const encode = () => ask<number[] | undefined>("encode", [key, input], input.length);
    const ids = encode();
    if (ids) return ids;
    load(); // Others have taken its place, or the process was at rest.
    return encode()!;
  };
}

function ask<Value>(name: string, args: unknown[], characters: number): Value {
  try {
    return native.call<Value>(name, args, longestTime(characters) / 1000);
  } catch (error) {
    throw error instanceof NoAnswerError ? new Error(`${ENDLESS}; ${error.message}`) : error;
  }
}
