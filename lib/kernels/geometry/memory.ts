/** Room for arrays, one after the other; given back from the end. */
let top: usize = 0;

/** Makes room for so many bytes, at a multiple of 16. */
export function reserve(bytes: usize): usize {
  const start = (topOfMemory() + 15) & ~15;
  top = start + bytes;
  const pages = <i32>((<u64>start + bytes + 0xffff) >> 16);
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  return start;
}

/** From where on nothing is reserved. */
export function topOfMemory(): usize {
  return top === 0 ? __heap_base : top;
}

/** Gives back what was reserved since {@link topOfMemory} said this. */
export function release(to: usize): void {
  top = to;
}
