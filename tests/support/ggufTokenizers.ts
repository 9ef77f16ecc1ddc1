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
