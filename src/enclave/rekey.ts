/**
 * A new key for everything that is sealed.
 *
 * @module
 */
import { failure } from "../native/failure.ts";
import { libraryIfLoaded } from "../native/library.ts";
import { startTicking } from "../idle.ts";

/**
 * Makes a new random key for this process, encrypts everything anew that is sealed (enclaves, and
 * what pools have sealed), in all threads' names, and wipes the old key. Enclaves stay as they are
 * for those who have them. It takes as long as decrypting and encrypting all of it.
 *
 * The key is random, lives in this process only, and with nonces of 24 bytes may encrypt any number
 * of boxes: this is for those whose rules ask for it, or who fear that a part of it was seen.
 *
 * @returns How many boxes were encrypted.
 * @throws {AllocationError} If the system gives no random bytes; the key is the old one.
 * @throws {CorruptionError} If a box was changed from outside.
 *
 * @example Usage
 * ```ts
 * import { Enclave, rekey } from "@securememory/core";
 *
 * using enclave = Enclave.seal(new Uint8Array([1, 2, 3]));
 * console.log(rekey() >= 1, enclave.withBytes((bytes) => bytes[2])); // true 3
 * ```
 */
export function rekey(): number {
  // Without the library nothing is sealed.
  const loaded = libraryIfLoaded();
  if (loaded === undefined) return 0;
  startTicking(loaded);
  const result = loaded.calls.securememory_rekey();
  if (result < 0) throw failure(loaded, result, "Cannot encrypt everything under a new key");
  return result;
}
