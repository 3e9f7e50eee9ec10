/**
 * The counted gate: a secret's pages open with its first window and close with its
 * last, on whatever thread these are. Nested windows are a number in a field.
 *
 * `state.ts` says how the state word moves; here it is moved, and the pages follow.
 *
 * Under the native gate `pkey` a window opens the pages to its own thread alone, so the
 * first and the last window of every thread change something, not only those of all
 * threads together. A lasting window (`open`, `withBytesAsync`) may be used by other
 * threads of the runtime: it opens the pages to all of them, beside the thread's own.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import { SecretBusyError, SecretClosedError, type SecureMemoryError } from "./errors.ts";
import { startTicking } from "./idle.ts";
import { unwatch } from "./leaks.ts";
import { PROTECTION_READ, PROTECTION_WRITE } from "./native/abi.ts";
import { codeOf } from "./native/detail.ts";
import { failure } from "./native/failure.ts";
import { now } from "./pool/clock.ts";
import { named } from "./redact.ts";
import { rest } from "./rest.ts";
import * as state from "./state.ts";

/** Beside the native two: a window for reading that every thread can use. */
const PROTECTION_WIDE = 3;

/** How long one sleep for another thread's change lasts at most, and how many are too many. */
const SLEEP_MS = 100;
const SLEEPS_MAX = 50;

/**
 * Opens a read-only window.
 *
 * @throws {SecretClosedError} If the secret was closed; nested windows too.
 * @throws {SecretBusyError} If another thread has held a read-write window for 5 seconds.
 * @throws {ProtectionError} If the pages could not be opened; the secret is as it was.
 */
export function enter(cell: Cell): void {
  if (isClosing(cell)) throw new SecretClosedError();
  if (cell.depth === cell.lasting) enterOwn(cell);
  cell.depth += 1;
}

/**
 * Opens a read-only window that can outlive the call it is opened in.
 *
 * @throws {SecretBusyError} Inside `update`: the pages would stay writable after it.
 * @throws As `enter` otherwise.
 */
export function enterLasting(cell: Cell): void {
  if (isClosing(cell)) throw new SecretClosedError();
  if (cell.writable) throw busy();
  if (!cell.perThread) return enter(cell);
  if (cell.depth === 0) enterFirst(cell, PROTECTION_WIDE);
  else if (cell.lasting === 0) openHere(cell, PROTECTION_WIDE);
  cell.depth += 1;
  cell.lasting += 1;
}

/**
 * Opens the one read-write window.
 *
 * @throws {SecretClosedError} If the secret was closed.
 * @throws {SecretBusyError} If any window is open, here or on another thread.
 * @throws {ProtectionError} If the pages could not be opened; the secret is as it was.
 */
export function enterAlone(cell: Cell): void {
  if (isClosing(cell)) throw new SecretClosedError();
  if (cell.depth > 0) throw busy();
  enterFirst(cell, PROTECTION_WRITE);
  cell.depth = 1;
  cell.writable = true;
}

/**
 * Closes one window; the last one closes the pages, and wipes them if `close` asked for it.
 *
 * @throws {ProtectionError} If the pages could not be closed; then the secret was destroyed.
 * @throws {CorruptionError} If the secret was to be wiped, and a canary was damaged.
 */
export function leave(cell: Cell): void {
  cell.depth -= 1;
  if (cell.depth === 0) leaveLast(cell, false);
  else if (cell.depth === cell.lasting) closeHere(cell, false);
}

/** Closes a window that `enterLasting` opened. Throws as `leave`. */
export function leaveLasting(cell: Cell): void {
  if (!cell.perThread) return leave(cell);
  cell.depth -= 1;
  cell.lasting -= 1;
  if (cell.depth === 0) leaveLast(cell, true);
  else if (cell.lasting === 0) closeHere(cell, true);
}

/** Closes a window inside another one of this thread: the pages stay open. */
export function leaveNested(cell: Cell): void {
  cell.depth -= 1;
}

/**
 * Refuses every window from now on, and wipes at once or with the last window. Never waits.
 *
 * @throws {CorruptionError} If the secret was wiped, and a canary was damaged.
 * @throws {ProtectionError} If the secret was wiped, and the system refused a change on the way.
 */
export function close(cell: Cell): void {
  cell.closing = true;
  for (;;) {
    const word = cell.word.load();
    const next = state.close(word);
    if (next === word) return;
    if (!cell.word.swap(word, next)) continue;
    const ours = (next & state.CHANGING) !== 0 && (word & state.CHANGING) === 0;
    if (ours) destroy(cell);
    return;
  }
}

/**
 * After a native call that opens and closes a window by itself has failed: if it could not close
 * the window, the secret is destroyed, as it is when `leave` cannot.
 *
 * @throws {ProtectionError} If that was it.
 */
export function settle(cell: Cell, result: number): void {
  if (codeOf(result) !== "NotClosed") return;
  // Of two secrets in one call, it is the one that has no bytes any more: they are wiped already.
  if (cell.library.calls.securememory_length(cell.handle) === 0) end(cell, result);
}

/** True from `close` or a purge on, in whatever thread that was. */
export function isClosing(cell: Cell): boolean {
  return cell.closing || cell.purges !== cell.purgeCount[0] ||
    (cell.shared !== undefined && (cell.word.load() & state.CLOSING) !== 0);
}

/** True once the bytes are wiped. */
export function isGone(cell: Cell): boolean {
  return (cell.word.load() & state.CLOSED) !== 0 || cell.purges !== cell.purgeCount[0];
}

/** The first window of this thread's own, perhaps inside lasting ones. */
function enterOwn(cell: Cell): void {
  if (cell.depth === 0) enterFirst(cell, PROTECTION_READ);
  else openHere(cell, PROTECTION_READ);
}

function enterFirst(cell: Cell, protection: number): void {
  if (cell.shared === undefined) return openLocal(cell, protection);
  const step = protection === PROTECTION_WRITE ? state.enterWriter : state.enter;
  let sleeps = 0;
  for (;;) {
    const word = cell.word.load();
    const next = step(word);
    if (next === state.REFUSED) throw new SecretClosedError();
    if (next === state.BUSY) throw busy();
    if (next === state.WAIT) {
      if (cell.word.timedOut(word, SLEEP_MS)) sleeps += 1;
      if (sleeps === SLEEPS_MAX) throw stuck();
    } else if (cell.word.swap(word, next)) {
      if ((next & state.CHANGING) !== 0) open(cell, protection);
      else if (cell.perThread) join(cell, protection);
      return;
    }
  }
}

/** The first window on a secret of one thread: nobody can meet it half way, so no step is needed. */
function openLocal(cell: Cell, protection: number): void {
  const result = openCall(cell, protection);
  if (result !== 0) throw notOpened(cell, result);
  cell.word.swap(0, protection === PROTECTION_WRITE ? state.WRITER + 1 : 1);
}

/** This thread has CHANGING and the first count. */
function open(cell: Cell, protection: number): void {
  const result = openCall(cell, protection);
  if (result !== 0) {
    giveBack(cell);
    throw notOpened(cell, result);
  }
  move(cell, state.opened);
  cell.word.wake();
}

/** This thread has a count on pages that others have opened for themselves. */
function join(cell: Cell, protection: number): void {
  const result = openCall(cell, protection);
  if (result === 0) return;
  if ((move(cell, state.leave) & state.CHANGING) !== 0) giveBack(cell);
  throw notOpened(cell, result);
}

/** The first window of one kind in this thread opens, and one of the other is open. */
function openHere(cell: Cell, protection: number): void {
  const result = openCall(cell, protection);
  if (result !== 0) throw notOpened(cell, result);
}

/** 0, or negative if it failed. */
function openCall(cell: Cell, protection: number): number {
  const { library, handle, perThread } = cell;
  const { calls } = library;
  cell.used = now;
  // Whichever thread put the key on the pages may have ended since.
  if (perThread) startTicking(library);
  return protection === PROTECTION_WIDE
    ? calls.securememory_open_wide(handle)
    : calls.securememory_open(handle, protection);
}

function notOpened(cell: Cell, result: number): SecureMemoryError {
  return failure(cell.library, result, "Cannot open a window on the secret");
}

/** The last window of one kind in this thread closes, and one of the other stays open. */
function closeHere(cell: Cell, wide: boolean): void {
  const result = closeCall(cell, wide);
  if (result === 0) return;
  cell.closing = true;
  move(cell, (current) => current | state.CLOSING);
  throw notClosed(cell, result);
}

function closeCall({ library: { calls }, handle }: Cell, wide: boolean): number {
  return wide ? calls.securememory_close_wide(handle) : calls.securememory_close(handle);
}

function leaveLast(cell: Cell, wide: boolean): void {
  cell.writable = false;
  if (cell.shared === undefined && !cell.closing) return closeLocal(cell, wide);
  if (cell.perThread) return leaveThread(cell, wide);
  const word = move(cell, state.leave);
  if ((word & state.CHANGING) === 0) return;
  const result = closeCall(cell, wide);
  if (result === 0) return giveBack(cell);
  end(cell, result);
}

/** The last window on one that nobody has closed. */
function closeLocal(cell: Cell, wide: boolean): void {
  const result = closeCall(cell, wide);
  if (result !== 0) end(cell, result);
  cell.word.swap(1, 0);
}

/**
 * The last window of this thread, where each thread opens and closes for itself: before
 * it gives its count away, since nobody may wipe and reuse what it still has open.
 */
function leaveThread(cell: Cell, wide: boolean): void {
  const result = closeCall(cell, wide);
  if (result !== 0) {
    cell.closing = true;
    move(cell, (current) => current | state.CLOSING);
  }
  const last = (move(cell, state.leave) & state.CHANGING) !== 0;
  if (last && result === 0) return giveBack(cell);
  if (last) wipe(cell);
  if (result !== 0) throw notClosed(cell, result);
}

/** It cannot be closed; it must not stay readable. */
function end(cell: Cell, result: number): never {
  cell.closing = true;
  move(cell, (current) => current | state.CLOSING);
  wipe(cell);
  throw notClosed(cell, result);
}

function notClosed(cell: Cell, result: number): SecureMemoryError {
  return failure(cell.library, result, "Cannot close a window on the secret, which is destroyed");
}

/** The pages are closed and this thread has CHANGING: hands both back, or wipes. */
function giveBack(cell: Cell): void {
  const word = move(cell, state.closed);
  if ((word & state.CHANGING) !== 0) return destroy(cell);
  cell.word.wake();
}

/** This thread has CHANGING, CLOSING is set, and no window is open. */
function destroy(cell: Cell): void {
  const result = wipe(cell);
  if (result >= 0) return;
  const { library, label, length } = cell;
  throw failure(library, result, `Cannot close ${named(label, length)} in good order`);
}

/** Ends the secret. Returns what the native calls did: the first failure, or 0. */
function wipe(cell: Cell): number {
  const wiped = cell.library.calls.securememory_destroy(cell.handle);
  move(cell, state.destroyed);
  cell.word.wake();
  unwatch(cell);
  const rested = rest(cell);
  for (const resolve of cell.onGone.splice(0)) resolve();
  return wiped < 0 ? wiped : rested;
}

/** Moves the word by one step, whatever other threads do to it meanwhile. */
function move(cell: Cell, step: (word: number) => number): number {
  for (;;) {
    const word = cell.word.load();
    const next = step(word);
    if (cell.word.swap(word, next)) return next;
  }
}

function busy(): SecretBusyError {
  return new SecretBusyError("Cannot open the window: another window on the secret is open");
}

function stuck(): SecretBusyError {
  return new SecretBusyError(
    "Cannot open the window: another Worker has held or changed the secret for 5 seconds; if it " +
      "was terminated inside a window, only purge() wipes the secret",
  );
}
