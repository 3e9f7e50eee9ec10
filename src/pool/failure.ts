/**
 * What failed calls mean for a pool.
 *
 * @module
 */
import { CorruptionError, LockLimitError, type SecureMemoryError } from "../errors.ts";
import { codeOf, detailOf } from "../native/detail.ts";
import { failure, WAYS_OUT } from "../native/failure.ts";
import type { PoolState } from "./state.ts";
import { poolNumbers } from "./stats.ts";

/** The error for a call that was to give a secret of a pool its place. */
export function poolFailure(
  { library, handle }: PoolState,
  result: number,
  action: string,
  length: number,
): SecureMemoryError {
  const code = codeOf(result);
  if (code === "Corrupted") {
    return new CorruptionError(
      `${action}: what was sealed has been changed; nothing of it was opened`,
    );
  }
  const numbers = code === "LockLimit" ? poolNumbers(library, handle) : undefined;
  if (numbers === undefined) return failure(library, result, action, length);
  const { limit_bytes: limit, locked_bytes: locked } = numbers;
  if (locked + Math.max(length, library.pageSize) <= limit) {
    return failure(library, result, action, length);
  }
  return new LockLimitError(
    `${action}: the pool has at most ${limit} bytes of locked pages (hotBytes), ${locked} of them ` +
      `in use by secrets that cannot be sealed now. Raise hotBytes. ${WAYS_OUT}`,
    detailOf(result),
    limit,
    locked,
  );
}
