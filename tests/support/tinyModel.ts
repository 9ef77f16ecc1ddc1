import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./cli";

export const MODEL_FIXTURES: string = join(PROJECT, "tests/fixtures/models");

/** Makes a copy of a fixture's files that a test may damage. Returns the folder. */
export function copyModel(variant: string, folder: string): string {
  cpSync(join(MODEL_FIXTURES, variant), folder, { recursive: true });
  return folder;
}

/**
 * A copy of a tiny model (3 layers, 96 tokens known) with a tokenizer: every printable ASCII character, space and line
 * break are a token each.
 */
export function copyModelWithTokenizer(folder: string, variant = "llama-gqa"): string {
  copyModel(variant, folder);
  const printable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));
  // What byte-level tokenizers write for the space and for the line break.
  const characters = [...printable, "\u0120", "\u010a"];
  const pieces = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const vocab = Object.fromEntries(characters.map((character, id) => [character, id]));
  const definition = {
    version: "1.0",
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: pieces,
    post_processor: null,
    decoder: pieces,
    model: { type: "BPE", unk_token: null, vocab, merges: [] },
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(definition));
  return folder;
}

/** Changes fields of a JSON file. */
export function editJson(path: string, change: (value: Record<string, unknown>) => unknown): void {
  const value = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify(change(value) ?? value));
}

/** A tensor's entry in a safetensors header. */
export interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Rewrites a safetensors file: `change` may alter the header or the data, or return another header. */
export function editSafetensors(
  path: string,
  change: (header: Record<string, TensorEntry>, data: Buffer) => unknown,
): void {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const data = bytes.subarray(8 + length);
  writeFileSync(path, safetensors(change(header, data) ?? header, data));
}

/** A safetensors file of this header and data. */
export function safetensors(header: unknown, data: Uint8Array): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}

/** Rewrites a safetensors file with other names; a tensor without one is left out. */
export function renameTensors(path: string, rename: (name: string) => string | undefined): void {
  const header: Record<string, TensorEntry> = {};
  const pieces: Buffer[] = [];
  let end = 0;
  editSafetensors(path, (old, data) => {
    for (const [name, { dtype, shape, data_offsets: [from, to] = [0, 0] }] of Object.entries(old)) {
      const renamed = name === "__metadata__" ? undefined : rename(name);
      if (renamed === undefined) continue;
      header[renamed] = { dtype, shape, data_offsets: [end, end + to - from] };
      pieces.push(data.subarray(from, to));
      end += to - from;
    }
  });
  writeFileSync(path, safetensors(header, Buffer.concat(pieces)));
}
