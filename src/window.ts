/**
 * Running callbacks in windows, and windows without a callback.
 *
 * @module
 */
import type { Cell } from "./cell.ts";
import { leave, leaveLasting, leaveNested } from "./gate.ts";
import { hideFromInspectors, redacted } from "./redact.ts";
import { endView, rejectEscape, rejectPromise, wasTransferred } from "./view.ts";

/** Bytes of a secret, in a window. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A window that stays open until it is disposed: `using window = secret.open()`. */
export interface SecretWindow extends Disposable {
  /** The bytes, read-only, until the window is disposed. */
  readonly bytes: Uint8Array;
}

/** Calls `fn` in the window that was just opened, and closes it whatever happens. */
export function runInside<T>(cell: Cell, bytes: Bytes, fn: (bytes: Bytes) => T): T {
  let result: T;
  try {
    result = fn(bytes);
  } catch (error) {
    throw leaveAfter(cell, bytes, error);
  }
  leaveWith(cell, bytes);
  if (typeof result === "object" && result !== null) {
    rejectEscape(result, bytes);
    rejectPromise(result);
  }
  return result;
}

/** Calls `fn`, which needs no view, in the window that was just opened. */
export function runWithoutView<T>(cell: Cell, fn: () => T): T {
  let result: T;
  try {
    result = fn();
  } catch (error) {
    throw afterwards(error, () => leave(cell));
  }
  leave(cell);
  return result;
}

/** The same as `runInside` for a callback that may return a promise; the window closes when it has settled. */
export async function runInsideAsync<T>(
  cell: Cell,
  bytes: Bytes,
  fn: (bytes: Bytes) => PromiseLike<T> | T,
): Promise<T> {
  let result: T;
  try {
    result = await fn(bytes);
  } catch (error) {
    throw leaveAfter(cell, bytes, error, true);
  }
  leaveWith(cell, bytes, true);
  rejectEscape(result, bytes);
  return result;
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
  if (transferred) {
    throw new TypeError(
      "Cannot go on after the view's buffer was transferred: the memory of a secret must stay " +
        "where it is. Copy the bytes (bytes.slice()) if they must leave",
    );
  }
}

/** Closes a window after `error`; what to throw then. */
function leaveAfter(cell: Cell, bytes: Bytes, error: unknown, lasting = false): unknown {
  return afterwards(error, () => leaveWith(cell, bytes, lasting));
}

/** Calls `close` after an error; what to throw then. Neither of two errors is lost. */
export function afterwards(error: unknown, close: () => void): unknown {
  try {
    close();
    return error;
  } catch (closing) {
    return new SuppressedError(
      closing,
      error,
      "The callback failed, and then the window could not be closed in good order",
    );
  }
}

/** The text that a window turns into. */
function toJSON(this: OpenWindow): string {
  return this.toString();
}

/** A {@linkcode SecretWindow}. It keeps its secret from being collected. */
export class OpenWindow implements SecretWindow {
  readonly #cell: Cell;
  readonly #keep: WeakKey;
  #bytes: Bytes | undefined;
  readonly toJSON: () => string = toJSON;

  static {
    hideFromInspectors(this.prototype);
  }

  constructor(cell: Cell, bytes: Bytes, keep: WeakKey) {
    this.#cell = cell;
    this.#bytes = bytes;
    this.#keep = keep;
  }

  get bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      throw new TypeError("Cannot read the bytes: the window is closed");
    }
    return this.#bytes;
  }

  toString(): string {
    return redacted(this.#cell.length, "SecretWindow");
  }

  [Symbol.dispose](): void {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    this.#bytes = undefined;
    leaveWith(this.#cell, bytes, true);
    void this.#keep;
  }
}
