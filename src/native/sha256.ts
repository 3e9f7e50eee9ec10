/**
 * SHA-256 (FIPS 180-4) for Deno, which has no synchronous one of its own: loading node:crypto
 * there takes 17 ms, and this takes 3 for the library. It runs once, in the interpreter, so
 * that every call costs: rotations are written out. For public bytes only: it leaves copies of
 * what it reads.
 *
 * @module
 */
const BLOCK_BYTES = 64;
const ROUNDS = 64;

/** The first 32 bits of the fractional part of a number (FIPS 180-4, 4.2.2 and 5.3.3). */
const fraction = (value: number) => ((value % 1) * 2 ** 32) | 0;

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

/** The hash of bytes, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  const primes = firstPrimes(ROUNDS);
  const constants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
  const state = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const message = padded(bytes);
  const view = new DataView(message.buffer);
  const words = new Int32Array(ROUNDS);
  for (let offset = 0; offset < message.length; offset += BLOCK_BYTES) {
    schedule(view, offset, words);
    compress(state, words, constants);
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** With a bit of 1, zeros, and the length in bits at the end of the last block (5.1.1). */
function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = Math.ceil((bytes.length + 1 + 8) / BLOCK_BYTES);
  const message = new Uint8Array(blocks * BLOCK_BYTES);
  message.set(bytes);
  message[bytes.length] = 0x80;
  new DataView(message.buffer).setBigUint64(message.length - 8, BigInt(bytes.length) * 8n);
  return message;
}

/** 6.2.2, step 1. */
function schedule(view: DataView, offset: number, words: Int32Array): void {
  for (let t = 0; t < 16; t++) words[t] = view.getInt32(offset + 4 * t);
  for (let t = 16; t < ROUNDS; t++) {
    const a = words[t - 15] as number;
    const b = words[t - 2] as number;
    const small = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
    const large = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
    words[t] = ((words[t - 16] as number) + small + (words[t - 7] as number) + large) | 0;
  }
}

/** 6.2.2, steps 2 to 4. */
function compress(state: Int32Array, words: Int32Array, constants: Int32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as number[] as [
    ...[number, number, number, number, number, number, number, number],
  ];
  for (let t = 0; t < ROUNDS; t++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first =
      (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) + choice +
        (constants[t] as number) + (words[t] as number)) | 0;
    const second =
      ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) + majority) |
      0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => state[index] = (state[index] as number) + word);
}
