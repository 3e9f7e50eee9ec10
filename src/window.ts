/**
 * Windows on a secret's pages: `running.ts` with the gate.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import { leave, leaveLasting, leaveNested } from "./gate.ts";
import { type Bytes, OpenWindow, run, runAsync, runBlind, type SecretWindow } from "./running.ts";
import { endView, wasTransferred } from "./view.ts";

export type { Bytes, SecretWindow } from "./running.ts";

/** Calls `fn` in the window that was just opened, and closes it whatever happens. */
export function runInside<T>(cell: Cell, bytes: Bytes, fn: (bytes: Bytes) => T): T {
  return run(cell, bytes, fn, leaveWith);
}

/** Calls `fn`, which needs no view, in the window that was just opened. */
export function runWithoutView<T>(cell: Cell, fn: () => T): T {
  return runBlind(cell, fn, leave);
}

/** The same as `runInside` for a callback that may return a promise; the window closes when it has settled. */
export function runInsideAsync<T>(
  cell: Cell,
  bytes: Bytes,
  fn: (bytes: Bytes) => PromiseLike<T> | T,
): Promise<T> {
  return runAsync(cell, bytes, fn, leaveWith);
}

/** A window without a callback, which was just opened; `keep` is not collected before it. */
export function openWindow(cell: Cell, bytes: Bytes, keep: WeakKey): SecretWindow {
  return new OpenWindow(cell, bytes, keep, leaveWith);
}

/** Closes a window and takes its view away where that has to be. */
export function leaveWith(cell: Cell, bytes: Bytes, lasting = false): void {
  // A window inside another: nothing more to do if its view still stands.
  const nested = cell.depth - cell.lasting > 1 && !(lasting && cell.perThread);
  if (nested && bytes.length === cell.length && !cell.revokeViews) return leaveNested(cell);
  const transferred = wasTransferred(cell, bytes);
  if (cell.revokeViews) endView(cell, bytes);
  if (lasting) leaveLasting(cell);
  else leave(cell);
  if (transferred) throw transferredError();
}

/** What to throw where a callback moved the memory under its view away. */
export function transferredError(): TypeError {
  return new TypeError(
    "Cannot go on after the view's buffer was transferred: the memory of a secret must stay " +
      "where it is. Copy the bytes (bytes.slice()) if they must leave",
  );
}
