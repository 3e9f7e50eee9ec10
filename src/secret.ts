/**
 * The life cycle of a secret, as its user sees it.
 *
 * @module
 */
import {
  checkFunction,
  checkLength,
  checkSource,
  checkTarget,
  checkText,
  checkWhole,
  notComparable,
} from "./arguments.ts";
import { Cell } from "./cell.ts";
import { create, createFilled, createFrom } from "./create.ts";
import { SecretClosedError } from "./errors.ts";
import { rejectAsync } from "./escape.ts";
import {
  close,
  enter,
  enterAlone,
  enterLasting,
  isClosing,
  isGone,
  leave,
  leaveLasting,
} from "./gate.ts";
import { isKept, withStill } from "./kept_bytes.ts";
import { watch } from "./leaks.ts";
import { failure } from "./native/failure.ts";
import { resolve, type SecretOptions } from "./options.ts";
import { hideFromInspectors, redacted } from "./redact.ts";
import { attachCell, shareCell, type SharedSecret } from "./share.ts";
import { type SecretStatus, statusOf } from "./status.ts";
import { copyOut, streamOf, type StreamOptions } from "./stream.ts";
import { utf8Length } from "./utf8.ts";
import { viewFor } from "./view.ts";
import {
  type Bytes,
  openWindow,
  runInside,
  runInsideAsync,
  runWithoutView,
  type SecretWindow,
} from "./window.ts";

/** From the buffer under a view to the secret: whoever has the view keeps the secret. */
const owners = new WeakMap<ArrayBufferLike, Secret>();

/** Secrets with asynchronous windows open: not collected, whatever the callback holds. */
const inUse = new Map<Secret, number>();

/** JSON shows the redacted text; and since it is a function, cloning a secret throws. */
function toJSON(this: Secret): string {
  return this.toString();
}

/**
 * Bytes that are kept out of the JavaScript heap, on pages that are inaccessible
 * except inside a window.
 *
 * The pages are locked (never swapped), guarded on both sides, left out of core dumps,
 * wiped on fork and wiped on close. A view that outlives its window stops the process
 * when it is touched.
 *
 * @example Usage
 * ```ts
 * import { Secret } from "@securememory/core";
 * import { createHmac } from "node:crypto";
 *
 * using key = Secret.random(32);
 * const mac = key.withBytes((bytes) => createHmac("sha256", bytes).update("message").digest());
 * console.log(mac.length, key); // 32 Secret(32 bytes)
 * ```
 */
export class Secret implements Disposable, AsyncDisposable {
  readonly #cell: Cell;

  /** The redacted text. Being an own function, it also makes `structuredClone` and `postMessage` throw. */
  readonly toJSON: () => string = toJSON;

  static {
    hideFromInspectors(this.prototype);
  }

  private constructor(cell: Cell) {
    if (!(cell instanceof Cell)) {
      throw new TypeError("Cannot construct a Secret: use Secret.from, fromString, random or fill");
    }
    this.#cell = cell;
  }

  /**
   * Makes a secret of a copy of `source`, and wipes `source`.
   *
   * @param source 1 to 2^32 - 1 bytes. Left as it is if this throws.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `source` is neither a Uint8Array nor an ArrayBuffer, or its memory is shared.
   * @throws {RangeError} If `source` is empty.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   * @throws {AllocationError} If the system refuses memory.
   * @throws {UnsupportedError} If the native library cannot be used, or a required rung is missing.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * const source = new Uint8Array([1, 2, 3]);
   * using secret = Secret.from(source);
   * console.log(source); // Uint8Array(3) [ 0, 0, 0 ]
   * ```
   */
  static from(source: Uint8Array | ArrayBuffer, options?: SecretOptions): Secret {
    const { bytes, kept } = checkSource(source);
    const length = bytes.byteLength;
    if (!kept) {
      Secret.#checkWritable(bytes, "create a secret from the source");
      return Secret.#watched(createFrom(bytes, length, options));
    }
    const cell = withStill(bytes, (still) => createFrom(still, length, options));
    // Only after everything has succeeded.
    bytes.fill(0);
    return Secret.#watched(cell);
  }

  /**
   * Makes a secret of the UTF-8 bytes of `text`, encoded straight into the page. The
   * string itself cannot be wiped: prefer bytes where you have the choice.
   *
   * @param text At least one character. Lone surrogates become U+FFFD.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `text` is not a string.
   * @throws {RangeError} If `text` is empty.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using password = Secret.fromString("correct horse");
   * console.log(password.length); // 13
   * ```
   */
  static fromString(text: string, options?: SecretOptions): Secret {
    checkText(text);
    const length = checkLength(utf8Length(text));
    const write = (bytes: Bytes) => void new TextEncoder().encodeInto(text, bytes);
    return Secret.#watched(createFilled(length, options, write));
  }

  /**
   * Makes a secret of random bytes, which the kernel's generator writes into the page
   * (getrandom(2), getentropy(2), ProcessPrng).
   *
   * @param length Bytes, a whole number from 1 to 2^32 - 1.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `length` is not a number.
   * @throws {RangeError} If `length` is out of range.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * console.log(`${key}`); // Secret(32 bytes)
   * ```
   */
  static random(length: number, options?: SecretOptions): Secret {
    checkLength(length);
    return Secret.#watched(create(
      length,
      options,
      (calls, { alignment, flags }) => calls.securememory_create_random(length, alignment, flags),
    ));
  }

  /**
   * Makes a secret that `write` fills in place.
   *
   * @param length Bytes, a whole number from 1 to 2^32 - 1.
   * @param write Gets `length` zero bytes to write to. If it throws, nothing is left.
   * @param options How the secret is kept.
   * @returns The secret.
   * @throws {TypeError} If `write` is not a function, is asynchronous, or returns its argument.
   * @throws {RangeError} If `length` is out of range.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using secret = Secret.fill(16, (bytes) => {
   *   crypto.getRandomValues(bytes);
   * });
   * console.log(secret.length); // 16
   * ```
   */
  static fill(length: number, write: (bytes: Uint8Array) => void, options?: SecretOptions): Secret {
    checkLength(length);
    checkFunction(write, "fill");
    return Secret.#watched(createFilled(length, options, write));
  }

  /**
   * The secret that another thread has shared. Closed anywhere, it is gone everywhere.
   *
   * @param shared What `share` returned, posted to this Worker.
   * @returns The secret, with the same bytes.
   * @throws {TypeError} If `shared` did not come from `share`.
   * @throws {SecretClosedError} If the secret was closed meanwhile.
   * @throws {UnsupportedError} If it is of another process.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const ticket = key.share(); // worker.postMessage(ticket)
   * const same = Secret.attach(ticket); // in the Worker
   * console.log(same.equals(key)); // true
   * ```
   */
  static attach(shared: SharedSecret): Secret {
    return new Secret(attachCell(shared));
  }

  /** Writing to a view of a secret outside `update` would stop the process. */
  static #checkWritable(bytes: Uint8Array, action: string): void {
    const owner = owners.get(bytes.buffer);
    if (owner === undefined || owner.#cell.writable) return;
    throw new TypeError(
      `Cannot ${action}: it is a view of a secret that is not writable now. Use copy(), or update()`,
    );
  }

  static #watched(cell: Cell): Secret {
    const secret = new Secret(cell);
    watch(secret, cell);
    // A producer has had the view already, and may have kept it.
    if (cell.view !== undefined) owners.set(cell.view.buffer, secret);
    return secret;
  }

  /** Length in bytes. It is not secret, and stays known after `close`. */
  get length(): number {
    return this.#cell.length;
  }

  /** True from `close()` or `purge()` on, wherever that was called. */
  get isClosed(): boolean {
    return isClosing(this.#cell);
  }

  /**
   * Opens a read-only window for the time of a call.
   *
   * Windows nest: the pages open with the first one and close with the last.
   *
   * @typeParam T What `fn` returns.
   * @param fn Gets the bytes: the page itself, not a copy. They must not outlive the call.
   * @returns What `fn` returned.
   * @throws {TypeError} If `fn` is no function, is asynchronous, or returns the view or a promise.
   * @throws {SecretClosedError} If the secret was closed; `fn` is not called.
   * @throws {SecretBusyError} If another thread keeps a read-write window open; `fn` is not called.
   * @throws {ProtectionError} If the pages could not be opened (`fn` is not called) or closed (then
   * the secret was destroyed).
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const sum = key.withBytes((bytes) => bytes.reduce((a, b) => a + b));
   * console.log(sum > 0); // true
   * ```
   */
  withBytes<T>(fn: (bytes: Uint8Array) => T): T {
    const cell = this.#cell;
    if (typeof fn !== "function") checkFunction(fn, "withBytes");
    if (cell.depth === 0) rejectAsync(fn);
    enter(cell);
    return runInside(cell, cell.view ?? this.#view(cell), fn);
  }

  /**
   * Opens a read-only window that stays open until the promise of `fn` has settled.
   *
   * @typeParam T What the promise of `fn` resolves to.
   * @param fn Gets the bytes, which must not be touched after its promise has settled.
   * @returns What the promise resolved to.
   * @throws As `withBytes`, by rejection.
   * @throws {SecretBusyError} Inside `update`, whose read-write window it would outlive.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const hash = await key.withBytesAsync((bytes) =>
   *   crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)
   * );
   * console.log(hash.byteLength); // 32
   * ```
   */
  async withBytesAsync<T>(fn: (bytes: Uint8Array) => PromiseLike<T> | T): Promise<T> {
    checkFunction(fn, "withBytesAsync");
    const cell = this.#cell;
    enterLasting(cell);
    const bytes = cell.view ?? this.#view(cell, leaveLasting);
    inUse.set(this, (inUse.get(this) ?? 0) + 1);
    try {
      return await runInsideAsync(cell, bytes, fn);
    } finally {
      const open = inUse.get(this) as number;
      if (open === 1) inUse.delete(this);
      else inUse.set(this, open - 1);
    }
  }

  /**
   * Opens a read-write window for the time of a call, alone.
   *
   * @typeParam T What `fn` returns.
   * @param fn Gets the bytes to change in place.
   * @returns What `fn` returned.
   * @throws {SecretBusyError} If any window on the secret is open, on this thread or another.
   * @throws As `withBytes` otherwise.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using counter = Secret.from(new Uint8Array([0]));
   * counter.update((bytes) => {
   *   bytes[0] = 7;
   * });
   * console.log(counter.withBytes((bytes) => bytes[0])); // 7
   * ```
   */
  update<T>(fn: (bytes: Uint8Array) => T): T {
    const cell = this.#cell;
    checkFunction(fn, "update");
    rejectAsync(fn);
    enterAlone(cell);
    return runInside(cell, cell.view ?? this.#view(cell), fn);
  }

  /**
   * Opens a read-only window without a callback. Dispose it: with `using`, or by
   * `window[Symbol.dispose]()`. The pages stay open until then.
   *
   * @returns The window.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {SecretBusyError} Inside `update`, whose read-write window it would outlive.
   * @throws {ProtectionError} If the pages could not be opened.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * {
   *   using window = key.open();
   *   console.log(window.bytes.length); // 32
   * }
   * ```
   */
  open(): SecretWindow {
    const cell = this.#cell;
    enterLasting(cell);
    return openWindow(cell, cell.view ?? this.#view(cell, leaveLasting), this);
  }

  /**
   * Compares in constant time, in native code. Different lengths, which are not secret, are unequal.
   *
   * @param other Another secret, or bytes.
   * @returns True if all bytes are equal.
   * @throws {TypeError} If `other` is neither a Secret nor a Uint8Array.
   * @throws {SecretClosedError} If either secret was closed.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using token = Secret.fromString("token");
   * console.log(token.equals(new TextEncoder().encode("guess"))); // false
   * ```
   */
  equals(other: Secret | Uint8Array): boolean {
    const cell = this.#cell;
    if (other instanceof Uint8Array) {
      const length = other.byteLength;
      const equal = (bytes: Uint8Array) =>
        this.#native((calls) => calls.securememory_equal_bytes(cell.handle, bytes, length)) === 1;
      return isKept(other) ? withStill(other, equal) : equal(other);
    }
    if (!(other instanceof Secret)) throw notComparable(other);
    const handle = other.#cell.handle;
    return this.#native(() =>
      other.#native((calls) => calls.securememory_equal(cell.handle, handle))
    ) === 1;
  }

  /**
   * Makes an independent secret of the same bytes, which never pass through JavaScript.
   *
   * @param options How the copy is kept; this secret's options are not inherited.
   * @returns The copy.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {LockLimitError} If the budget for locked memory is spent.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * using copy = key.copy();
   * console.log(copy.equals(key)); // true
   * ```
   */
  copy(options?: SecretOptions): Secret {
    const cell = this.#cell;
    resolve(options);
    enter(cell);
    let made: Cell | undefined;
    const make = () => {
      made = create(
        cell.length,
        options,
        (calls, { alignment, flags }) =>
          calls.securememory_create_copy(cell.handle, alignment, flags),
      );
    };
    try {
      runWithoutView(cell, make);
    } catch (error) {
      // The copy may be there, and the window on the original failed to close.
      if (made !== undefined) close(made);
      throw error;
    }
    return Secret.#watched(made as unknown as Cell);
  }

  /**
   * Copies bytes out. The copy is in ordinary memory: wiping it is up to you.
   *
   * @param target Where to, from its start; as much as fits.
   * @param position Where from, in bytes. Default 0.
   * @returns Bytes copied; 0 at the end.
   * @throws {TypeError} If `target` is not a Uint8Array, or `position` is not a number.
   * @throws {RangeError} If `position` is not a whole number of at least 0.
   * @throws {SecretClosedError} If the secret was closed.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using secret = Secret.fromString("abcdef");
   * const chunk = new Uint8Array(4);
   * console.log(secret.readInto(chunk), secret.readInto(chunk, 4), secret.readInto(chunk, 6)); // 4 2 0
   * ```
   */
  readInto(target: Uint8Array, position = 0): number {
    const cell = this.#cell;
    checkTarget(target);
    Secret.#checkWritable(target, "read into the target");
    checkWhole(position, "the position", 0);
    enter(cell);
    return runInside(
      cell,
      cell.view ?? this.#view(cell),
      (bytes) => copyOut(bytes, target, position),
    );
  }

  /**
   * A stream of copied chunks, each read in a window of its own when it is asked for.
   *
   * @param options The size of the chunks.
   * @returns The stream. It fails with {@linkcode SecretClosedError} if the secret is closed before its end.
   * @throws {RangeError} If `chunkSize` is not a whole number of at least 1.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using secret = Secret.random(100);
   * for await (const chunk of secret.stream({ chunkSize: 64 })) console.log(chunk.length); // 64 36
   * ```
   */
  stream(options?: StreamOptions): ReadableStream<Uint8Array> {
    return streamOf((target, position) => this.readInto(target, position), this.length, options);
  }

  /**
   * A ticket for another Worker of this process. From now on the secret lives until
   * somebody closes it: it is no longer wiped when it is collected.
   *
   * @returns What to post; see {@linkcode Secret.attach}.
   * @throws {SecretClosedError} If the secret was closed.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const ticket = structuredClone(key.share());
   * console.log(Secret.attach(ticket).length); // 32
   * ```
   */
  share(): SharedSecret {
    return shareCell(this.#cell);
  }

  /**
   * What holds for this secret right now, as the kernel says. It reads all of
   * /proc/self/smaps, which takes milliseconds where there are thousands of mappings.
   *
   * @returns The status.
   * @throws {SecretClosedError} If the secret was closed.
   * @throws {UnsupportedError} If the system does not tell: there is no /proc.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * using key = Secret.random(32);
   * const { locked, guarded, protection } = key.status();
   * console.log(locked, guarded, protection); // true true none
   * ```
   */
  status(): SecretStatus {
    if (isClosing(this.#cell)) throw new SecretClosedError();
    return statusOf(this.#cell);
  }

  /**
   * Closes the secret: every new window is refused, and the bytes are wiped now or, while
   * a window is open, with the last one. Never waits. Closing twice is fine.
   *
   * @throws {CorruptionError} If something wrote over the bytes around the secret, which is wiped all the same.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * const key = Secret.random(32);
   * key.close();
   * console.log(key.isClosed); // true
   * ```
   */
  close(): void {
    close(this.#cell);
  }

  /** The same as {@linkcode Secret.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Closes the secret and waits until its bytes are wiped, on whatever thread that happens.
   *
   * @returns Resolves once the bytes are gone.
   *
   * @example Usage
   * ```ts
   * import { Secret } from "@securememory/core";
   *
   * const key = Secret.random(32);
   * await key[Symbol.asyncDispose]();
   * ```
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const cell = this.#cell;
    this.close();
    if (isGone(cell)) return;
    if (cell.shared === undefined) {
      return await new Promise((resolve) => cell.onGone.push(resolve));
    }
    // Another thread wipes. Atomics.waitAsync does not keep Deno's event loop alive; timers do.
    for (let pause = 0; !isGone(cell); pause = Math.min(pause + 1, 20)) {
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** `Secret(32 bytes)`. */
  toString(): string {
    return redacted(this.length);
  }

  /** `Secret(32 bytes)`; a secret never turns into a number. */
  [Symbol.toPrimitive](): string {
    return this.toString();
  }

  /** `[object Secret]`. */
  get [Symbol.toStringTag](): string {
    return "Secret";
  }

  /** A view for the window that was just opened; closes the window if there is none. */
  #view(cell: Cell, giveUp = leave): Bytes {
    try {
      const view = viewFor(cell);
      owners.set(view.buffer, this);
      return view;
    } catch (error) {
      giveUp(cell);
      throw error;
    }
  }

  /** Runs a native call that needs the window, without a view. */
  #native(call: (calls: Cell["library"]["calls"]) => number): number {
    const cell = this.#cell;
    enter(cell);
    const result = runWithoutView(cell, () => call(cell.library.calls));
    if (result < 0) throw failure(cell.library, result, "Cannot compare the secret");
    return result;
  }
}
