/** Serves `nativeEncoder`: Rust's tokenizers, which end the process they run in where a definition breaks them. */
import type { Tokenizer } from "@anush008/tokenizers";
import { serveIsolated } from "../machine/support/isolated";

/** So many tokenizers are kept, the latest ones. */
const MOST_KEPT = 4;
const kept = new Map<number, Tokenizer>();

/** Whether the library is there and runs on this machine. */
async function isAvailable(): Promise<boolean> {
  try {
    await import("@anush008/tokenizers");
    return true;
  } catch {
    return false;
  }
}

/** @param definition tokenizer.json; it is known by its key from then on, until it has to make room */
async function load(key: number, definition: string): Promise<void> {
  const { Tokenizer } = await import("@anush008/tokenizers");
  kept.set(key, Tokenizer.fromString(definition));
  for (const [oldest] of kept) if (kept.size > MOST_KEPT) kept.delete(oldest);
}

/** @returns the ids; undefined if there is no such definition (any more) */
async function encode(key: number, text: string): Promise<number[] | undefined> {
  const encoding = await kept.get(key)?.encode(text, null, { addSpecialTokens: false });
  return encoding?.getIds();
}

serveIsolated({ isAvailable, load, encode });
