/**
 * From the negative number that a call on an enclave returns to the error that callers get.
 *
 * @module
 */
import {
  CorruptionError,
  SecretClosedError,
  type SecureMemoryError,
  UnsupportedError,
} from "../errors.ts";
import { codeOf, detailOf } from "../native/detail.ts";
import { failure } from "../native/failure.ts";
import type { Library } from "../native/library.ts";

/**
 * The error for a failed call.
 *
 * @param handle Of the enclave; 0 if there is none yet.
 * @param action What it was about: "Cannot open the enclave".
 * @param length Bytes of the secret that was to be made, if one was.
 */
export function enclaveFailure(
  of: Library,
  handle: number,
  result: number,
  action: string,
  length = 0,
): SecureMemoryError {
  switch (codeOf(result)) {
    case "Closed":
      // One that is there, and whose key is not: `rekey` could not take its box along.
      return of.calls.securememory_enclave_length(handle) > 0
        ? changed(action)
        : closedError(action);
    case "Corrupted":
      return changed(action);
    case "NotSupported":
      return new UnsupportedError(
        `${action}: the native library has not been given the ciphers of the crypto library`,
        { detail: detailOf(result) },
      );
    default:
      return failure(of, result, action, length);
  }
}

function changed(action: string): CorruptionError {
  return new CorruptionError(
    `${action}: its box was changed from outside, so nothing of it was decrypted; the enclave is ` +
      "as it was",
  );
}

/** What every use of a closed enclave throws. */
export function closedError(action = "Cannot use the enclave"): SecretClosedError {
  return new SecretClosedError(`${action}: it is closed`);
}
