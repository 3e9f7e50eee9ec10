/**
 * What the edge cannot do.
 *
 * @module
 */
import { UnsupportedError } from "../errors.ts";

/** The error; `reason` says why, and what to do. */
export function unsupported(action: string, reason: string): UnsupportedError {
  return new UnsupportedError(`Cannot ${action}: ${reason}`);
}
