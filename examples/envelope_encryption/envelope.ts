/**
 * Envelope encryption: each file has a data key of its own, and a key-encryption key wraps the
 * data keys. A new key-encryption key means to wrap 32 bytes anew for each file, whatever its size.
 *
 * Copies of the keys that are still made: none. A data key is made, wrapped and unwrapped in
 * native code. The content is an ordinary array; `decrypt(box, { as: "secret" })` keeps that out
 * of the heap too.
 */
import { Secret } from "@securememory/core";

/** Nonce, data key and tag: what `encrypt` makes of a data key. */
const WRAPPED_BYTES = 24 + 32 + 16;
/** What is wrapped with this cannot be taken for anything else that the same key encrypts. */
const PURPOSE = { aad: "envelope example: data key" };

/** The key-encryption key of a key file, which has at least 32 random bytes. */
export function keyFromFile(path: string): Secret {
  using root = Secret.fromFile(path, { label: "key file" });
  if (root.length < 32) {
    throw new RangeError(
      `The key file must have at least 32 bytes, current value is ${root.length}`,
    );
  }
  return root.derive("envelope example: key-encryption key", 32, { label: "key-encryption key" });
}

/** A sealed file: the wrapped data key, then the content, encrypted with the data key. */
export function seal(key: Secret, content: Uint8Array): Uint8Array {
  using dataKey = Secret.random(32);
  return concat(key.encrypt(dataKey, PURPOSE), dataKey.encrypt(content));
}

/** The content of a sealed file. Throws an `AuthenticationError` if the key or the file is wrong. */
export function open(key: Secret, sealed: Uint8Array): Uint8Array {
  using dataKey = unwrap(key, sealed);
  return dataKey.decrypt(sealed.subarray(WRAPPED_BYTES));
}

/** The same sealed file for another key. Its content is not decrypted. */
export function rewrap(oldKey: Secret, newKey: Secret, sealed: Uint8Array): Uint8Array {
  using dataKey = unwrap(oldKey, sealed);
  return concat(newKey.encrypt(dataKey, PURPOSE), sealed.subarray(WRAPPED_BYTES));
}

function unwrap(key: Secret, sealed: Uint8Array): Secret {
  return key.decrypt(sealed.subarray(0, WRAPPED_BYTES), { ...PURPOSE, as: "secret" });
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
