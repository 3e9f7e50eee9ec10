/**
 * What operations make of a key on their way, and what gives it away as well as the key itself:
 * the forms that a search has to look for.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { hchacha20, onceKey } from "../../tests/support/xchacha.ts";
import { DATA, INFO, NONCE, PASSWORD } from "./operations.ts";
import { stateAfter } from "./sha2.ts";

/** A form that is secret only where the MAC was asked for as a secret. */
export const MAC = "the MAC";

/** The forms by their names. `nonce` is that of a box. */
export function formsOf(
  key: Uint8Array,
  nonce: Uint8Array | undefined,
): Readonly<Record<string, Uint8Array>> {
  const wide = Buffer.from(Buffer.from(key).toString("latin1"), "utf16le");
  const pads = (of: Uint8Array, bits: 256 | 512, name: string) =>
    Object.fromEntries([0x36, 0x5c].flatMap((pad) => {
      const block = new Uint8Array(bits / 4).fill(pad);
      of.forEach((byte, index) => block[index] = byte ^ pad);
      const state = stateAfter(block, bits);
      const padded = `${name} ^ ${pad.toString(16)}`;
      const after = `state of SHA-${bits} after ${padded}`;
      return [
        [padded, of.map((byte) => byte ^ pad)],
        // In words as the processor has them, and in order.
        [after, state],
        [`${after}, in order`, swapped(state, bits / 64)],
      ];
    })) as Record<string, Uint8Array>;
  const hash = createHash("sha512").update(key).digest();
  const scalar = Uint8Array.from(hash.subarray(0, 32));
  const clamp = (bytes: Uint8Array) => {
    const clamped = Uint8Array.from(bytes);
    clamped[0]! &= 248;
    clamped[31] = (clamped[31]! & 127) | 64;
    return clamped;
  };
  const pseudorandom = createHmac("sha256", new Uint8Array(32)).update(key).digest();
  const derived = createHmac("sha256", pseudorandom).update(`${INFO}\x01`).digest();
  const forms: Record<string, Uint8Array> = {
    "the key": key,
    "the key as UTF-16": wide,
    ...pads(key, 256, "the key"),
    ...pads(key, 512, "the key"),
    "the key, clamped": clamp(key),
    "Ed25519's hash of the seed": scalar,
    "Ed25519's scalar": clamp(scalar),
    "Ed25519's prefix": hash.subarray(32),
    "HKDF's pseudorandom key": pseudorandom,
    ...pads(pseudorandom, 256, "HKDF's pseudorandom key"),
    "what HKDF derived": derived,
    "Argon2's first hash": argon2First(key),
    [MAC]: createHmac("sha256", key).update(DATA).digest(),
  };
  if (nonce !== undefined) {
    const subkey = hchacha20(key, nonce.subarray(0, 16));
    forms["HChaCha20's key"] = subkey;
    forms["Poly1305's key"] = onceKey(subkey, Uint8Array.from([0, 0, 0, 0, ...nonce.subarray(16)]));
  }
  // A key may be clamped by chance.
  const seen = new Set<string>();
  return Object.fromEntries(
    Object.entries(forms).filter(([, bytes]) => {
      const text = Buffer.from(bytes).toString("hex");
      return !seen.has(text) && seen.add(text);
    }),
  );
}

function swapped(bytes: Uint8Array, word: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  for (let at = 0; at < out.length; at += word) out.subarray(at, at + word).reverse();
  return out;
}

/** H_0 of RFC 9106, 3.2. */
function argon2First(password: Uint8Array): Uint8Array {
  const { parallelism, length, memory, passes } = PASSWORD;
  const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
  const [VERSION, ARGON2ID] = [0x13, 2];
  return createHash("blake2b512").update(Buffer.concat([
    ...[parallelism, length, memory, passes, VERSION, ARGON2ID].map(word),
    ...[word(password.length), password, word(NONCE.length), NONCE, word(0), word(0)],
  ])).digest();
}
