import type { Compressors } from "hyparquet";

/** Of one row group, in bytes; pages lie packed in the file, and a few bytes can claim to be any number. */
const MOST_UNPACKED = 2 ** 31;

/** What keeps count of the bytes that are unpacked. @throws Error if they become too many in all */
export function unpackingLimit(): (bytes: number) => void {
  let unpacked = 0;
  return (bytes) => {
    unpacked += bytes;
    if (!(bytes >= 0 && unpacked <= MOST_UNPACKED)) throw new Error("it claims to unpack to more than 2 GiB");
  };
}

/** Compressors that do not unpack more than so many bytes in all. */
export async function limitedCompressors(): Promise<Compressors> {
  const { compressors } = await import("hyparquet-compressors");
  const count = unpackingLimit();
  const limited = Object.entries(compressors).map(([codec, unpack]) => {
    return [
      codec,
      (input: Uint8Array, length: number): Uint8Array => {
        count(length);
        return unpack(input, length);
      },
    ];
  });
  return Object.fromEntries(limited) as Compressors;
}
