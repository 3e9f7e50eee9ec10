/**
 * The counted gate: a secret is decrypted with its first window and encrypted with its last. There
 * is one thread, and nobody to wait for: a secret of WebAssembly's is not shared.
 *
 * @module
 */
import { SecretBusyError, SecretClosedError } from "../errors.ts";
import { PROTECTION_READ, PROTECTION_WRITE } from "../native/abi.ts";
import type { Bytes } from "../running.ts";
import type { Cell } from "./cell.ts";
import { bytesAt, core, coreIfStarted } from "./core.ts";
import { failure } from "./failure.ts";
import { unwatch } from "./leaks.ts";
import { purgeCount } from "./purges.ts";

/** Secrets whose read-write window is open. */
const writables = new Set<Cell>();

/**
 * Opens a read-only window.
 *
 * @throws {SecretClosedError} If the secret was closed; nested windows too.
 */
export function enter(cell: Cell): Bytes {
  if (isClosing(cell)) throw new SecretClosedError();
  return cell.depth === 0 ? enterFirst(cell, PROTECTION_READ) : enterNested(cell);
}

/**
 * Opens a read-only window that can outlive the call it is opened in.
 *
 * @throws {SecretBusyError} Inside `update`: what is written after it would be dropped.
 * @throws As `enter` otherwise.
 */
export function enterLasting(cell: Cell): Bytes {
  if (isClosing(cell)) throw new SecretClosedError();
  if (cell.writable) throw busy();
  return enter(cell);
}

/**
 * Opens the one read-write window.
 *
 * @throws {SecretClosedError} If the secret was closed.
 * @throws {SecretBusyError} If any window is open.
 */
export function enterAlone(cell: Cell): Bytes {
  if (isClosing(cell)) throw new SecretClosedError();
  if (cell.depth > 0) throw busy();
  return setWritable(cell, enterFirst(cell, PROTECTION_WRITE));
}

/** A secret that was just made: its read-write window is open already. */
export function enterNew(cell: Cell): Bytes {
  return setWritable(cell, enterNested(cell));
}

/**
 * Closes one window; the last one encrypts, or wipes if `close` asked for it.
 *
 * @throws {CorruptionError} If the secret was to be wiped, and a canary was damaged.
 */
export function leave(cell: Cell): void {
  cell.depth -= 1;
  if (cell.depth > 0) return;
  if (cell.writable) {
    cell.writable = false;
    writables.delete(cell);
  }
  if (cell.closing) return destroy(cell);
  const result = core().securememory_close(cell.handle);
  if (result < 0) throw failure(result, "Cannot close a window on the secret");
}

/**
 * Refuses every window from now on, and wipes at once or with the last window.
 *
 * @throws {CorruptionError} If the secret was wiped, and a canary was damaged.
 */
export function close(cell: Cell): void {
  if (cell.closing) return;
  cell.closing = true;
  if (cell.depth === 0) destroy(cell);
}

/** True from `close` or a purge on. */
export function isClosing(cell: Cell): boolean {
  return cell.closing || isPurged(cell);
}

/** True once the bytes are wiped. */
export function isGone(cell: Cell): boolean {
  return cell.gone || isPurged(cell);
}

/**
 * Whether JavaScript may write there: anywhere but on secrets, and on those whose read-write
 * window is open.
 */
export function isWritable(bytes: Uint8Array): boolean {
  if (!isViewOfSecret(bytes)) return true;
  const end = bytes.byteOffset + bytes.byteLength;
  for (const { view } of writables) {
    if (view === undefined || bytes.byteOffset < view.byteOffset) continue;
    if (end <= view.byteOffset + view.byteLength) return true;
  }
  return false;
}

/** Whether bytes are those of a secret themselves, and no copy. */
export function isViewOfSecret(bytes: Uint8Array): boolean {
  return bytes.buffer === coreIfStarted()?.memory.buffer;
}

function isPurged(cell: Cell): boolean {
  return cell.purges !== purgeCount();
}

function enterFirst(cell: Cell, protection: number): Bytes {
  const result = core().securememory_open(cell.handle, protection);
  if (result < 0) throw failure(result, "Cannot open a window on the secret");
  return enterNested(cell);
}

function enterNested(cell: Cell): Bytes {
  cell.depth += 1;
  const { view } = cell;
  return view !== undefined && view.length === cell.length ? view : cell.view = newView(cell);
}

/** No window was open when the memory grew. */
function newView({ handle, length }: Cell): Bytes {
  const calls = core();
  return bytesAt(calls, calls.securememory_address(handle), length);
}

function setWritable(cell: Cell, view: Bytes): Bytes {
  cell.writable = true;
  writables.add(cell);
  return view;
}

/** No window is open. */
function destroy(cell: Cell): void {
  const purged = isPurged(cell);
  cell.gone = true;
  cell.view = undefined;
  unwatch(cell);
  const result = core().securememory_destroy(cell.handle);
  for (const resolve of cell.onGone.splice(0)) resolve();
  // A purge has wiped it, and told of nothing: there is nothing left that a canary could be of.
  if (result < 0 && !purged) throw failure(result, "Cannot close the secret in good order");
}

function busy(): SecretBusyError {
  return new SecretBusyError("Cannot open the window: another window on the secret is open");
}
