/**
 * XChaCha20-Poly1305 in plain JavaScript, written from RFC 8439 and draft-irtf-cfrg-xchacha-03, to
 * compare with: slow, and not constant time. For tests only.
 *
 * @module
 */

const words = (bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index, true));
};

const CONSTANTS = words(new TextEncoder().encode("expand 32-byte k"));

const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));

/** RFC 8439, 2.1. */
function quarterRound(s: Int32Array, a: number, b: number, c: number, d: number): void {
  const step = (x: number, y: number, z: number, by: number) => {
    s[x]! += s[y]!;
    s[z] = rotate(s[z]! ^ s[x]!, by);
  };
  step(a, b, d, 16);
  step(c, d, b, 12);
  step(a, b, d, 8);
  step(c, d, b, 7);
}

/** Twenty rounds, without the addition of the state at their end. */
function permuted(key: Uint8Array, counterAndNonce: Uint8Array): [Int32Array, Int32Array] {
  const state = Int32Array.from([...CONSTANTS, ...words(key), ...words(counterAndNonce)]);
  const s = state.slice();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarterRound(s, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) {
      quarterRound(s, i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3));
    }
  }
  return [state, s];
}

/** The draft, 2.2: a key of its own for each nonce's first 16 bytes. */
export function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const [, s] = permuted(key, nonce);
  const out = Int32Array.from([...s.slice(0, 4), ...s.slice(12)]);
  return new Uint8Array(out.buffer);
}

function chacha20(key: Uint8Array, nonce: Uint8Array, first: number, data: Uint8Array): Uint8Array {
  const out = Uint8Array.from(data);
  for (let block = 0; block * 64 < out.length; block++) {
    const counter = new Uint8Array(Uint32Array.of(first + block).buffer);
    const [state, s] = permuted(key, Uint8Array.from([...counter, ...nonce]));
    const stream = new Uint8Array(s.map((word, index) => word + state[index]!).buffer);
    const end = Math.min(out.length, block * 64 + 64);
    for (let at = block * 64; at < end; at++) out[at]! ^= stream[at & 63]!;
  }
  return out;
}

const little = (bytes: Uint8Array) => BigInt(`0x00${Uint8Array.from(bytes).reverse().toHex()}`);

/** RFC 8439, 2.5. */
function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array {
  const r = little(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    sum = ((sum + little(block) + (1n << BigInt(8 * block.length))) * r) % ((1n << 130n) - 5n);
  }
  const tag = (sum + little(key.subarray(16))) & ((1n << 128n) - 1n);
  return Uint8Array.fromHex(tag.toString(16).padStart(32, "0")).reverse();
}

const padded = (bytes: Uint8Array) => [...bytes, ...new Uint8Array(-bytes.length & 15)];
const length64 = (bytes: Uint8Array) =>
  new Uint8Array(BigUint64Array.of(BigInt(bytes.length)).buffer);

/** RFC 8439, 2.6: the key of Poly1305. */
export function onceKey(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  return chacha20(key, nonce, 0, new Uint8Array(32));
}

/** RFC 8439, 2.8: the ciphertext and the tag. */
export function chacha20Poly1305(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const ciphertext = chacha20(key, nonce, 1, plaintext);
  const once = onceKey(key, nonce);
  const message = [
    ...[...padded(aad), ...padded(ciphertext)],
    ...[...length64(aad), ...length64(ciphertext)],
  ];
  return Uint8Array.from([...ciphertext, ...poly1305(once, Uint8Array.from(message))]);
}

/** The draft, 2.3: the ciphertext and the tag. */
export function xchacha20Poly1305(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const inner = Uint8Array.from([0, 0, 0, 0, ...nonce.subarray(16)]);
  return chacha20Poly1305(hchacha20(key, nonce.subarray(0, 16)), inner, aad, plaintext);
}
