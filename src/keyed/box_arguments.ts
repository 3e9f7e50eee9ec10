/**
 * Arguments of authenticated encryption.
 *
 * @module
 */
import { describe } from "../arguments.ts";
import { isKept } from "../kept_bytes.ts";
import { notAuthentic } from "./refusals.ts";

/** What fails, for messages. */
export const ENCRYPTING = "Cannot encrypt";
/** Likewise. */
export const DECRYPTING = "Cannot decrypt";

/** The name of the algorithm, for messages. */
export const ALGORITHM = "XChaCha20-Poly1305";
/** Bytes of a key. */
export const KEY_BYTES = 32;
/** The nonce's 24 bytes and the tag's 16. */
export const OVERHEAD_BYTES = 40;

/**
 * Bytes of a box's plaintext.
 *
 * @throws {TypeError} If the box is not a Uint8Array, or its memory is shared.
 * @throws {AuthenticationError} If it is too short for one.
 */
export function plaintextLength(box: unknown): number {
  if (!(box instanceof Uint8Array)) {
    throw new TypeError(
      `${DECRYPTING}: the box must be a Uint8Array, current value is ${describe(box)}`,
    );
  }
  if (!isKept(box) && !(box.buffer instanceof ArrayBuffer)) {
    throw new TypeError(
      `${DECRYPTING}: the box must not be in shared memory, which other threads could change ` +
        "between the look at the tag and the decryption",
    );
  }
  const length = box.byteLength - OVERHEAD_BYTES;
  if (length < 0) throw notAuthentic(DECRYPTING);
  return length;
}

/**
 * The same where the plaintext is to be a secret.
 *
 * @throws {RangeError} If there is nothing in the box.
 */
export function secretLength(box: unknown): number {
  const count = plaintextLength(box);
  if (count === 0) {
    throw new RangeError(
      `${DECRYPTING} into a secret: a secret has at least 1 byte, the box is of 0`,
    );
  }
  return count;
}
