/**
 * Windows on several secrets of a pool at once.
 *
 * @module
 */
import { checkFunction, describe } from "../arguments.ts";
import type { Cell } from "../cell.ts";
import { rejectAsync, rejectEscape, rejectPromise } from "../escape.ts";
import { enter } from "../gate.ts";
import { afterwards, type Bytes } from "../running.ts";
import { inside } from "../inside.ts";
import { Secret } from "../secret.ts";
import { leaveWith } from "../window.ts";
import type { PoolState } from "./state.ts";

const ACTION = "Cannot open the windows";

/** Checks what a list of secrets has to be, before any of them is opened. */
export function checkList(pool: PoolState, secrets: readonly unknown[]): void {
  if (!Array.isArray(secrets)) {
    throw new TypeError(
      `${ACTION}: the secrets must be an array, current value is ${describe(secrets)}`,
    );
  }
  if (secrets.length === 0) {
    throw new RangeError(`${ACTION}: there must be at least one secret, current number is 0`);
  }
  for (const [index, secret] of secrets.entries()) {
    if (!(secret instanceof Secret)) {
      throw new TypeError(
        `${ACTION}: element ${index} must be a Secret, current value is ${describe(secret)}`,
      );
    }
    const of = inside.poolOf(secret) ?? pool.handle;
    if (of === pool.handle) continue;
    throw new TypeError(
      `${ACTION}: element ${index} must be a secret of this pool, current value is of ${
        of === 0 ? "none" : "another one"
      }`,
    );
  }
}

interface Open {
  readonly cell: Cell;
  readonly bytes: Bytes;
}

/** Opens all of them, calls `fn`, and closes whatever was opened, whatever happens. */
export function withAll<T>(secrets: readonly Secret[], fn: (...views: Bytes[]) => T): T {
  checkFunction(fn, "withBytes");
  rejectAsync(fn);
  const open: Open[] = [];
  let result: T;
  try {
    for (const secret of secrets) {
      // Each is open before the next one is woken: none falls asleep for another.
      const cell = inside.cell(secret);
      enter(cell);
      open.push({ cell, bytes: inside.view(secret, cell) });
    }
    result = fn(...open.map(({ bytes }) => bytes));
  } catch (error) {
    throw afterwards(error, () => closeAll(open));
  }
  closeAll(open);
  if (typeof result === "object" && result !== null) {
    for (const { bytes } of open) rejectEscape(result, bytes);
    rejectPromise(result);
  }
  return result;
}

/** Closes the last one first. Neither of two errors is lost. */
function closeAll(open: readonly Open[]): void {
  let failed: { readonly error: unknown } | undefined;
  for (const { cell, bytes } of open.toReversed()) {
    try {
      leaveWith(cell, bytes);
    } catch (error) {
      failed = { error: failed === undefined ? error : both(error, failed.error) };
    }
  }
  if (failed !== undefined) throw failed.error;
}

function both(last: unknown, first: unknown): SuppressedError {
  return new SuppressedError(last, first, "Several windows could not be closed in good order");
}
