/**
 * Numbers and contents that follow from a seed, so that a run can be repeated and a content
 * checked without being kept.
 *
 * @module
 */

/** A well mixed number of 32 bits: the finalizer of MurmurHash3. */
export function mix(...numbers: readonly number[]): number {
  let state = 0x9e3779b9;
  for (const number of numbers) {
    state = Math.imul(state ^ number, 0x85ebca6b);
    state = Math.imul(state ^ state >>> 13, 0xc2b2ae35);
    state ^= state >>> 16;
  }
  return state >>> 0;
}

/** Whole numbers below a limit. */
export type Random = (limit: number) => number;

/** The same numbers for the same seed (xorshift32, Marsaglia 2003). */
export function generator(seed: number): Random {
  let state = mix(seed) || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Calls `at` with each byte of the content of a seed. */
function walk(seed: number, length: number, at: (index: number, byte: number) => boolean): boolean {
  let state = mix(seed) || 1;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    if (!at(index, state >>> 24)) return false;
  }
  return true;
}

/** Writes the content of a seed. */
export function write(seed: number, bytes: Uint8Array): void {
  walk(seed, bytes.length, (index, byte) => {
    bytes[index] = byte;
    return true;
  });
}

/** The content of a seed. */
export function contentOf(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  write(seed, bytes);
  return bytes;
}

/** True if the bytes are the content of a seed. */
export function isContentOf(seed: number, bytes: Uint8Array): boolean {
  return walk(seed, bytes.length, (index, byte) => bytes[index] === byte);
}
