/**
 * The window of a keyed operation. Where a secret is this thread's alone and no window is open,
 * the native call opens and closes it by itself: one call for the whole operation. Elsewhere
 * the gate does, as for any window: it counts windows, and moves the state word that Workers
 * share.
 *
 * Nothing throws between `begin` and `end`: arguments are checked before, and the runtimes' FFI
 * takes what passed.
 *
 * @module
 */
import type { Cell } from "../cell.ts";
import { SecretClosedError } from "../errors.ts";
import { enter, isClosing, leave, settle } from "../gate.ts";
import { startTicking } from "../idle.ts";
import { isShortage } from "../native/failure.ts";
import { now } from "../pool/clock.ts";
import { afterwards } from "../running.ts";
import { keyedFailure } from "./failure.ts";

/** The native call opens the window and closes it. */
const OPENS = 1;
/** A window is open. */
const INSIDE = 0;

/**
 * Before the native call. What it returns is that call's argument `open`.
 *
 * @throws {SecretClosedError} If the secret was closed.
 * @throws {SecretBusyError} If another thread keeps a read-write window open.
 * @throws {ProtectionError} If the pages could not be opened.
 */
export function begin(cell: Cell): number {
  if (isClosing(cell)) throw new SecretClosedError();
  if (cell.depth === 0 && cell.shared === undefined) {
    if (cell.perThread) startTicking(cell.library);
    cell.used = now;
    return OPENS;
  }
  enter(cell);
  return INSIDE;
}

/**
 * After the native call: closes the window. Returns the call's result, if that is no failure.
 *
 * @param action What failed, for the message: "Cannot sign".
 * @throws {ProtectionError} If the pages could not be opened, or closed; then the secret was destroyed.
 */
export function end(cell: Cell, open: number, result: number, action: string): number {
  endWindow(cell, open, result, action);
  if (result < 0) throw keyedFailure(cell.library, result, action);
  return result;
}

/**
 * The same for a call whose result is a new secret's handle: nothing is left of that one if this
 * throws. A failure that room on resting pages can cure is returned: `create` tries again.
 */
export function endMaking(cell: Cell, open: number, result: number, action: string): number {
  try {
    endWindow(cell, open, result, action);
  } catch (error) {
    if (result >= 0) discard(cell, result);
    throw error;
  }
  if (result >= 0 || isShortage(result)) return result;
  throw keyedFailure(cell.library, result, action);
}

/** Closes the window alone. */
export function endWindow(cell: Cell, open: number, result: number, action: string): void {
  if (open !== INSIDE) {
    if (result < 0) settle(cell, result);
  } else if (result >= 0) {
    leave(cell);
  } else {
    const error = keyedFailure(cell.library, result, action);
    const last = afterwards(error, () => leave(cell));
    if (last !== error) throw last;
  }
}

/** Closes the window because something threw before the native call; what to throw then. */
export function giveUp(cell: Cell, open: number, error: unknown): unknown {
  return open === INSIDE ? afterwards(error, () => leave(cell)) : error;
}

/** A secret that nobody has seen yet. */
function discard({ library: { calls } }: Cell, handle: number): void {
  calls.securememory_destroy(handle);
  calls.securememory_release(handle);
}
