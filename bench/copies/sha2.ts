/**
 * SHA-2's state after one block (FIPS 180-4), which no library tells: whoever has that of HMAC's two
 * pads needs no key. Slow, and for searching only.
 *
 * @module
 */

interface Shape {
  readonly rounds: number;
  /** Rotations and shifts of the four functions: 4.1.2 and 4.1.3. */
  readonly big: readonly (readonly [number, number, number])[];
  readonly small: readonly (readonly [number, number, number])[];
}

const SHAPES: Readonly<Record<256 | 512, Shape>> = {
  256: { rounds: 64, big: [[2, 13, 22], [6, 11, 25]], small: [[7, 18, 3], [17, 19, 10]] },
  512: { rounds: 80, big: [[28, 34, 39], [14, 18, 41]], small: [[1, 8, 7], [19, 61, 6]] },
};

/** The state in words of the processor's order (least significant byte first). */
export function stateAfter(block: Uint8Array, bits: 256 | 512): Uint8Array<ArrayBuffer> {
  const { rounds, big, small } = SHAPES[bits];
  const width = BigInt(bits / 8);
  const mask = (1n << width) - 1n;
  const rotate = (x: bigint, by: number) =>
    ((x >> BigInt(by)) | (x << (width - BigInt(by)))) & mask;
  const sigma = (x: bigint, [a, b, c]: readonly [number, number, number]) =>
    rotate(x, a) ^ rotate(x, b) ^ rotate(x, c);
  const schedule = (x: bigint, [a, b, c]: readonly [number, number, number]) =>
    rotate(x, a) ^ rotate(x, b) ^ (x >> BigInt(c));
  const bytes = Number(width) / 8;
  const w = Array.from(
    { length: 16 },
    (_, index) => BigInt(`0x${block.subarray(index * bytes, (index + 1) * bytes).toHex()}`),
  );
  for (let t = 16; t < rounds; t++) {
    w.push(
      (schedule(w[t - 2]!, small[1]!) + w[t - 7]! + schedule(w[t - 15]!, small[0]!) + w[t - 16]!) &
        mask,
    );
  }
  const primes = firstPrimes(rounds);
  const constants = primes.map((prime) => root(prime, 3n, width) & mask);
  const initial = primes.slice(0, 8).map((prime) => root(prime, 2n, width) & mask);
  let [a, b, c, d, e, f, g, h] = initial as [
    ...[bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint],
  ];
  for (let t = 0; t < rounds; t++) {
    const first = h + sigma(e, big[1]!) + ((e & f) ^ (~e & mask & g)) + constants[t]! + w[t]!;
    const second = sigma(a, big[0]!) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) & mask, c, b, a, (first + second) & mask];
  }
  const state = [a, b, c, d, e, f, g, h].map((word, index) => (word + initial[index]!) & mask);
  const text = state.map((word) => word.toString(16).padStart(Number(width) / 4, "0"));
  const out = Uint8Array.fromHex(text.join(""));
  for (let at = 0; at < out.length; at += bytes) out.subarray(at, at + bytes).reverse();
  return out;
}

function firstPrimes(count: number): bigint[] {
  const primes: bigint[] = [];
  for (let candidate = 2n; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0n)) primes.push(candidate);
  }
  return primes;
}

/** The whole part of a root, and `width` bits of its fraction. */
function root(of: bigint, degree: bigint, width: bigint): bigint {
  const wanted = of << (degree * width);
  let [low, high] = [0n, 1n << (width + 8n)];
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** degree <= wanted) low = middle;
    else high = middle - 1n;
  }
  return low;
}
