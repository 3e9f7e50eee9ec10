/**
 * From the negative number that a keyed operation returns to the error that callers get.
 *
 * @module
 */
import { codeOf } from "../native/detail.ts";
import { failure } from "../native/failure.ts";
import type { Library } from "../native/library.ts";
import { lowOrder, notAuthentic } from "./refusals.ts";

/** The error for a failed call, whose action is "Cannot decrypt", say. */
export function keyedFailure(of: Library, result: number, action: string): Error {
  switch (codeOf(result)) {
    case "NotAuthentic":
      return notAuthentic(action);
    case "ZeroResult":
      return lowOrder(action);
    default:
      return failure(of, result, action);
  }
}
