/**
 * Arguments of Ed25519 and X25519.
 *
 * @module
 */
import { describe } from "../arguments.ts";

/** What a key of 32 bytes is used for. */
export type KeyKind = "Ed25519" | "X25519";

/** What fails, for messages. */
export const SIGNING = "Cannot sign";
/** Likewise. */
export const GIVING = "Cannot give the public key";
/** Likewise. */
export const AGREEING = "Cannot agree on a secret";

/** Bytes of every key. */
export const KEY_BYTES = 32;
/** Bytes of a signature. */
export const SIGNATURE_BYTES = 64;

/**
 * @throws {TypeError} If it is not a Uint8Array.
 * @throws {RangeError} If it is no public key by its length.
 */
export function checkPublicKey(theirs: unknown): asserts theirs is Uint8Array {
  if (!(theirs instanceof Uint8Array)) {
    throw new TypeError(
      `${AGREEING}: the public key must be a Uint8Array, current value is ${describe(theirs)}`,
    );
  }
  if (theirs.byteLength !== KEY_BYTES) {
    throw new RangeError(
      `${AGREEING}: a public key of X25519 has ${KEY_BYTES} bytes, current value is ` +
        `${theirs.byteLength}`,
    );
  }
}

/**
 * The number of a kind of keys.
 *
 * @throws {TypeError} If it is none that there is.
 */
export function kindNumber(kind: unknown): 0 | 1 {
  if (kind === "Ed25519") return 0;
  if (kind === "X25519") return 1;
  const current = typeof kind === "string" ? `"${kind}"` : describe(kind);
  throw new TypeError(
    `${GIVING}: the kind must be "Ed25519" or "X25519", current value is ${current}`,
  );
}
