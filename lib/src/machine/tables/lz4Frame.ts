const MAGIC = 0x184d2204;
/** The shortest copy; lengths count from it. */
const SHORTEST_COPY = 4;

/**
 * Unpacks an LZ4 frame, as Arrow's buffers and Feather files have them. Its blocks may copy from those before them, which keeps
 * unpacking them one by one by hyparquet-compressors from being of use.
 * Layout: lz4/lz4, doc/lz4_Frame_format.md and doc/lz4_Block_format.md.
 *
 * @param length bytes that it unpacks to
 * @throws Error if it is damaged or unpacks to another length
 */
export function unpackLZ4Frame(frame: Uint8Array, length: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 7 || view.getUint32(0, true) !== MAGIC) throw new Error("a buffer is no LZ4 frame");
  const flags = frame[4];
  let at = 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0);
  const output = new Uint8Array(length);
  let done = 0;
  for (;;) {
    const size = view.getUint32(at, true);
    at += 4;
    if (size === 0) break;
    const block = frame.subarray(at, at + (size & 0x7fffffff));
    if (size >>> 31) {
      output.set(block, done);
      done += block.length;
    } else done = unpackBlock(block, output, done);
    at += block.length + (flags & 16 ? 4 : 0);
  }
  if (done !== length) throw new Error(`an LZ4 frame unpacks to ${done} bytes instead of ${length}`);
  return output;
}

/** @returns where the output ends then */
function unpackBlock(block: Uint8Array, output: Uint8Array, start: number): number {
  let at = 0;
  let done = start;
  const longer = (length: number): number => {
    if (length < 15) return length;
    let sum = length;
    let byte: number;
    do {
      byte = block[at++];
      sum += byte;
    } while (byte === 255);
    return sum;
  };
  while (at < block.length) {
    const token = block[at++];
    const literals = longer(token >>> 4);
    // Which throws beyond the output, and an undefined byte has made `literals` NaN.
    if (!(at + literals <= block.length)) throw new Error("an LZ4 block is cut short");
    output.set(block.subarray(at, at + literals), done);
    at += literals;
    done += literals;
    if (at === block.length) break;
    const offset = block[at] | (block[at + 1] << 8);
    at += 2;
    const end = done + longer(token & 15) + SHORTEST_COPY;
    if (offset === 0 || offset > done || !(end <= output.length)) throw new Error("an LZ4 block is damaged");
    for (; done < end; done++) output[done] = output[done - offset];
  }
  return done;
}
