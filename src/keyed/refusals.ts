/**
 * What keyed operations refuse for what they were given.
 *
 * @module
 */
import { AuthenticationError } from "../errors.ts";

/** Why a box is refused is not said: whoever sends boxes must not learn it. */
export function notAuthentic(action: string): AuthenticationError {
  return new AuthenticationError(
    `${action}: the box is not authentic. It was changed, or made with another key or other ` +
      "additional data",
  );
}

/** A point of low order: section 6.1 of RFC 7748. */
export function lowOrder(action: string): RangeError {
  return new RangeError(
    `${action}: the public key is of low order, and gives the same secret for every key`,
  );
}
