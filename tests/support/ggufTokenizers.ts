/** GGUF files without weights, as right or wrong as is asked for. */
import { makeGguf, type TypedValue } from "./makeGguf";

/** Values by the last part of their keys (tokenizer.ggml. ..); those that are undefined are left out. */
export type Metadata = Record<string, TypedValue | readonly TypedValue[] | undefined>;

export const values = (type: TypedValue[0], list: readonly unknown[]): TypedValue[] =>
  list.map((value) => [type, value] as const);

export const texts = (...list: string[]): TypedValue[] => values("text", list);

const COMMON: Metadata = { bos_token_id: ["u32", 1], unknown_token_id: ["u32", 0] };

const KINDS: Record<"gpt2" | "llama", Metadata> = {
  gpt2: {
    model: ["text", "gpt2"],
    pre: ["text", "gpt-2"],
    tokens: texts("<unk>", "<s>", "a", "b", "ab", "\u0120"),
    token_type: values("i32", [3, 3, 1, 1, 1, 1]),
    merges: texts("a b"),
  },
  llama: {
    model: ["text", "llama"],
    tokens: texts("<unk>", "<s>", "a", "b", "ab", "\u2581", "<x>"),
    token_type: values("i32", [2, 3, 1, 1, 1, 1, 4]),
    scores: values("f32", [0, 0, -2, -3, -1, -4, 0]),
  },
};

/** A file with a tokenizer of few tokens, and changes to it. */
export function makeGgufTokenizer(kind: "gpt2" | "llama", changes: Metadata = {}): Buffer {
  const entries = Object.entries({ ...COMMON, ...KINDS[kind], ...changes }).flatMap(([key, value]) =>
    value === undefined ? [] : [[`tokenizer.ggml.${key}`, value] as const],
  );
  return makeGguf({ metadata: [["general.architecture", ["text", "llama"]], ...entries], tensors: [] });
}

/** Replaces a text in the metadata of a GGUF file without tensors. */
export function replaceText(file: Buffer, key: string, text: string): Buffer {
  const TYPE_AND_LENGTH = 4 + 8;
  const place = file.indexOf(key);
  if (place < 0) throw new Error(`no ${key}`);
  const begin = place + key.length + TYPE_AND_LENGTH;
  const length = Number(file.readBigUInt64LE(begin - 8));
  const newLength = Buffer.alloc(8);
  newLength.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([file.subarray(0, begin - 8), newLength, Buffer.from(text), file.subarray(begin + length)]);
}
