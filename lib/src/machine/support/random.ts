import { createHash } from "node:crypto";

/**
 * A seeded generator of uniform numbers in [0, 1): the same seed gives the same sequence on every machine.
 * The seed's SHA-256 starts an sfc32 generator (Chris Doty-Humphrey's "Small Fast Counting", 32 bit, from PractRand).
 */
export function randomGenerator(seed: string): () => number {
  const digest = createHash("sha256").update(seed).digest();
  let [a, b, c, counter] = [0, 4, 8, 12].map((offset) => digest.readInt32LE(offset));
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
}

/**
 * A seeded generator of standard normal numbers, two from each pair of uniform ones.
 *
 * @returns with it the uniform one that it draws from
 * @see Box and Muller 1958 (Annals of Mathematical Statistics 29, 610)
 */
export function normalGenerator(seed: string): { normal: () => number; uniform: () => number } {
  const uniform = randomGenerator(seed);
  let waiting: number | undefined;
  const normal = () => {
    if (waiting !== undefined) {
      const value = waiting;
      waiting = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    waiting = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { normal, uniform };
}
