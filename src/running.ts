/**
 * Running callbacks in windows, and windows without a callback. How a window is closed, whoever
 * opened it says.
 *
 * @module
 */
import { rejectEscape, rejectPromise } from "./escape.ts";
import { hideFromInspectors, redacted } from "./redact.ts";

/** Bytes of a secret, in a window. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Closes a window on what `cell` stands for, and looks after its view. */
export type Leave<C> = (cell: C, bytes: Bytes, lasting?: boolean) => void;

/** A window that stays open until it is disposed: `using window = secret.open()`. */
export interface SecretWindow extends Disposable {
  /** The bytes, read-only, until the window is disposed. */
  readonly bytes: Uint8Array;
}

/** Calls `fn` in the window that was just opened, and closes it whatever happens. */
export function run<C, T>(cell: C, bytes: Bytes, fn: (bytes: Bytes) => T, leave: Leave<C>): T {
  let result: T;
  try {
    result = fn(bytes);
  } catch (error) {
    throw afterwards(error, () => leave(cell, bytes));
  }
  leave(cell, bytes);
  if (typeof result === "object" && result !== null) {
    rejectEscape(result, bytes);
    rejectPromise(result);
  }
  return result;
}

/** Calls `fn`, which needs no view, in the window that was just opened. */
export function runBlind<C, T>(cell: C, fn: () => T, leave: (cell: C) => void): T {
  let result: T;
  try {
    result = fn();
  } catch (error) {
    throw afterwards(error, () => leave(cell));
  }
  leave(cell);
  return result;
}

/** The same as `run` for a callback that may return a promise; the window closes when it has settled. */
export async function runAsync<C, T>(
  cell: C,
  bytes: Bytes,
  fn: (bytes: Bytes) => PromiseLike<T> | T,
  leave: Leave<C>,
): Promise<T> {
  let result: T;
  try {
    result = await fn(bytes);
  } catch (error) {
    throw afterwards(error, () => leave(cell, bytes, true));
  }
  leave(cell, bytes, true);
  rejectEscape(result, bytes);
  return result;
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
function toJSON(this: OpenWindow<{ readonly length: number }>): string {
  return this.toString();
}

/** A {@linkcode SecretWindow}. It keeps its secret from being collected. */
export class OpenWindow<C extends { readonly length: number }> implements SecretWindow {
  readonly #cell: C;
  readonly #leave: Leave<C>;
  readonly #keep: WeakKey;
  #bytes: Bytes | undefined;
  readonly toJSON: () => string = toJSON;

  static {
    hideFromInspectors(this.prototype);
  }

  constructor(cell: C, bytes: Bytes, keep: WeakKey, leave: Leave<C>) {
    this.#cell = cell;
    this.#bytes = bytes;
    this.#keep = keep;
    this.#leave = leave;
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
    this.#leave(this.#cell, bytes, true);
    void this.#keep;
  }
}
