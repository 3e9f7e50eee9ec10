/**
 * From the negative number that a keyed operation returns to the error that callers get.
 *
 * @module
 */
import { AuthenticationError } from "../errors.ts";
import { codeOf } from "../native/detail.ts";
import { failure } from "../native/failure.ts";
import type { Library } from "../native/library.ts";

/** The error for a failed call, whose action is "Cannot decrypt", say. */
export function keyedFailure(of: Library, result: number, action: string): Error {
  switch (codeOf(result)) {
    case "NotAuthentic":
      return notAuthentic(action);
    case "ZeroResult":
      return new RangeError(
        `${action}: the public key is of low order, and gives the same secret for every key`,
      );
    default:
      return failure(of, result, action);
  }
}

/** Why a box is refused is not said: whoever sends boxes must not learn it. */
export function notAuthentic(action: string): AuthenticationError {
  return new AuthenticationError(
    `${action}: the box is not authentic. It was changed, or made with another key or other ` +
      "additional data",
  );
}
