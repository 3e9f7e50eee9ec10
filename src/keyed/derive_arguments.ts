/**
 * Arguments of HKDF: RFC 5869.
 *
 * @module
 */
import { checkLength } from "../arguments.ts";
import type { SecretOptions } from "../option_types.ts";
import { HASH_BYTES, hashNumber } from "./hash.ts";
import { checkObject, type DeriveOptions } from "./options.ts";

/** What fails, for messages. */
export const ACTION = "Cannot derive the secret";

/**
 * The options of deriving, checked, and those of the secret, which are checked where it is made.
 *
 * @throws {TypeError} If the hash is none that there is, or the length is not a number.
 * @throws {RangeError} If the length is out of range.
 */
export function checkDerive(length: number, options: DeriveOptions): {
  readonly givenSalt: unknown;
  readonly number: 0 | 1;
  readonly rest: SecretOptions;
} {
  checkObject(options, ACTION);
  const { salt: givenSalt, hash = "SHA-256", ...rest } = options;
  const number = hashNumber(hash, ACTION);
  checkLength(length);
  const most = 255 * HASH_BYTES[number];
  if (length > most) {
    throw new RangeError(
      `${ACTION}: HKDF with ${hash} gives at most ${most} bytes, current value is ${length}`,
    );
  }
  return { givenSalt, number, rest };
}
