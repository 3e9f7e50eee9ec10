/**
 * Arguments of HMAC.
 *
 * @module
 */
import { describe } from "../arguments.ts";

/** What fails, for messages. */
export const MAKING = "Cannot make the HMAC";
/** Likewise. */
export const VERIFYING = "Cannot verify the HMAC";

/** @throws {TypeError} If it is not a Uint8Array. */
export function checkMac(mac: unknown): asserts mac is Uint8Array {
  if (!(mac instanceof Uint8Array)) {
    throw new TypeError(
      `${VERIFYING}: the MAC must be a Uint8Array, current value is ${describe(mac)}`,
    );
  }
}
